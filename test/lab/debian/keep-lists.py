# Run inside a new root file system: leaves in apt's lists only the packages that are in its cache. With all sixty thousand
# of Debian, each task that asks for a package would spend seconds on reading them.
import glob
import os
import re

at_hand = {os.path.basename(path).split('_')[0] for path in glob.glob('/var/cache/apt/archives/*.deb')}
for path in glob.glob('/var/lib/apt/lists/*_Packages'):
    with open(path, encoding='utf8') as file:
        packages = file.read().split('\n\n')
    kept = [text for text in packages if (name := re.match(r'Package: (\S+)', text)) and name[1] in at_hand]
    with open(path, 'w', encoding='utf8') as file:
        file.writelines(f'{text}\n\n' for text in kept)
for path in glob.glob('/var/cache/apt/*.bin'):
    os.remove(path)
