// nginx and haproxy: those on the PATH, or Debian's packages unpacked into the lab's cache, so that nothing is installed here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DOWNLOAD_MS = 300_000;

/** `{file, env}` of the program, or `{why}` it cannot be had. */
export function findProgram(name) {
  for (const dir of [...(process.env.PATH ?? '').split(':'), '/usr/sbin']) {
    if (existsSync(join(dir, name))) return { file: join(dir, name), env: process.env };
  }
  try {
    return unpacked(name);
  } catch (error) {
    return { why: `neither ${name} nor Debian's package of it: ${error.message}` };
  }
}

function unpacked(name) {
  const cache = process.env.TMPFLEET_LAB_CACHE || join(homedir(), '.cache', 'tmpfleet-lab');
  const root = join(cache, `program-${name}`);
  if (!existsSync(root)) {
    mkdirSync(cache, { recursive: true });
    unpack(name, cache, root);
  }
  const libraries = join(root, 'usr', 'lib');
  const dirs = existsSync(libraries) ? readdirSync(libraries).map((dir) => join(libraries, dir)) : [];
  return {
    file: join(root, 'usr', 'sbin', name),
    env: { ...process.env, LD_LIBRARY_PATH: dirs.join(':') },
  };
}

/** The package, and those of which it needs what is not installed here. */
function unpack(name, cache, root) {
  console.error(`bench: unpacking Debian's ${name} into ${root}`);
  const work = mkdtempSync(join(cache, 'building-'));
  try {
    const plan = run(['apt-get', 'install', '--simulate', '--no-install-recommends', name], work);
    const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, each]) => each);
    run(['apt-get', 'download', '-qq', ...names], work);
    const tree = join(work, 'root');
    for (const file of readdirSync(work).filter((each) => each.endsWith('.deb')))
      run(['dpkg-deb', '-x', file, tree], work);
    renameSync(tree, root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function run([command, ...args], cwd) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    ...{ cwd, encoding: 'utf8', timeout: DOWNLOAD_MS, env: { ...process.env, LC_ALL: 'C' } },
  });
  if (status !== 0) throw new Error(error?.message ?? stderr.trim().split('\n').at(-1));
  return stdout;
}
