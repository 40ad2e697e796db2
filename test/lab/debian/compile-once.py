# Runs at each start of Python on a host of the lab. Each module of Ansible comes as a zip of some forty sources, which
# Python would compile for every task: more than a third of a task's processor time. Their code is kept on the host
# instead, under the hash by which Python's own caches know a source.
import _imp
import marshal
import os
import zipimport

CACHE = '/var/cache/tmpfleet-lab'
compile_source = zipimport._compile_source


def compile_once(path, source):
    name = f'{CACHE}/{os.path.basename(path)}-{_imp.source_hash(0, source).hex()}'
    try:
        with open(name, 'rb') as file:
            return marshal.load(file)
    except (OSError, EOFError, ValueError):
        pass
    code = compile_source(path, source)
    # Whole under its name at once: tasks of several plays may run at one time.
    own = f'{name}.{os.getpid()}'
    try:
        os.makedirs(CACHE, exist_ok=True)
        with open(own, 'wb') as file:
            marshal.dump(code, file)
        os.rename(own, name)
    except OSError:
        # Only root can write there.
        pass
    return code


zipimport._compile_source = compile_once
