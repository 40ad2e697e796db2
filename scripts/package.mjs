// `npm run package`: everything a host needs in one archive, its own Node included, the same bytes each time.
// The content depends only on the commit, the lock file and the given Node, not on the state of the machine.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bringNode } from './package-node.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HELP = `npm run package -- [--out DIR] [--node PATH]

Writes DIR/tmpfleet-<version>-<commit>-linux-<arch>.tar.gz: the built command, the packages it needs, a Node,
systemd units, shell completion and documents. The same commit, lock file and Node give the same bytes.

  --out DIR    where the archive goes (default: artifacts)
  --node PATH  the Node that goes in (default: the one that runs this; npx -p node@24 npm run package takes Node 24)`;

/** Left out of the packages: types and source maps are for developers. Native parts are refused, see refuseNative. */
const LEFT_OUT = /\.(d\.[mc]?ts|map)$|\/node_modules\/(\.bin|\.package-lock\.json)(\/|$)/;
const TOP_FILES = ['LICENSE', 'README.md', 'CHANGELOG.md', 'docs'];

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function main() {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, node: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(HELP);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const origin = readOrigin();
  const name = `tmpfleet-${version}-${origin.commit}-linux-${process.arch}`;
  const work = mkdtempSync(join(tmpdir(), 'tmpfleet-package-'));
  try {
    const tree = join(work, name);
    fillTree(tree, { ...origin, version, node: resolve(values.node ?? process.execPath) });
    const out = resolve(ROOT, values.out ?? 'artifacts');
    mkdirSync(out, { recursive: true });
    const archive = join(out, `${name}.tar.gz`);
    pack(work, name, archive, origin.time);
    const sum = createHash('sha256').update(readFileSync(archive)).digest('hex');
    writeFileSync(`${archive}.sha256`, `${sum}  ${name}.tar.gz\n`);
    console.log(`${archive}\nsha256 ${sum}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The commit names the archive and dates its files; the clock is not used. */
function readOrigin() {
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no');
    if (changes !== '')
      console.warn(`package: warning: uncommitted changes are included in the archive:\n${changes}`);
    const commit = git('rev-parse', '--short=12', 'HEAD') + (changes === '' ? '' : '+changes');
    return { commit, time: git('log', '-1', '--format=%ct') };
  } catch {
    throw new Error(
      'package: this is not a git checkout, so the archive could not say what is in it; clone the repository',
    );
  }
}

function fillTree(tree, { version, commit, node }) {
  const lib = join(tree, 'lib');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  mkdirSync(lib);
  build(join(lib, 'dist'));
  installPackages(lib);
  const nodeVersion = bringNode(node, join(tree, 'bin'));
  for (const path of TOP_FILES) cpSync(join(ROOT, path), join(tree, path), { recursive: true });
  cpSync(join(ROOT, 'packaging', 'bin'), join(tree, 'bin'), { recursive: true });
  cpSync(join(ROOT, 'packaging', 'systemd'), join(tree, 'systemd'), { recursive: true });
  if (existsSync(join(ROOT, 'monitoring')))
    cpSync(join(ROOT, 'monitoring'), join(tree, 'monitoring'), { recursive: true });
  addCompletion(tree);
  const about = { version, commit, node: nodeVersion, platform: 'linux', arch: process.arch };
  writeFileSync(join(tree, 'about.json'), `${JSON.stringify(about, null, 2)}\n`);
}

/** Built in a directory of its own, so that a dist/ in use stays unchanged. */
function build(dist) {
  const flags = ['--outDir', dist, '--incremental', 'false', '--sourceMap', 'false'];
  // Without the build information file of the checkout, which would say that everything is built.
  run('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json', ...flags, '--tsBuildInfoFile', 'null']);

  for (const client of [
    'redirector/fleet-page/client',
    'redirector/embed/client',
    'node-agent/companion/client',
  ])
    run('node_modules/.bin/tsc', ['-p', client, '--outDir', dist, '--sourceMap', 'false']);
  run(process.execPath, [join(ROOT, 'scripts', 'after-build.mjs'), dist]);
}

/** Installs exactly the lock file's versions, with their checksums, without optional packages (native accelerators). */
function installPackages(lib) {
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(ROOT, file), join(lib, file));
  const flags = [
    '--omit=dev',
    '--omit=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ];
  run('npm', ['ci', ...flags], lib);
  refuseNative(lib);
}

function refuseNative(lib) {
  const found = run('find', [join(lib, 'node_modules'), '-name', '*.node']).trim();
  if (found !== '')
    throw new Error(`package: a dependency has native parts, which tie the archive to one system:\n${found}`);
}

/** The command prints its own completion scripts. */
function addCompletion(tree) {
  const command = join(tree, 'bin', 'tmpfleet');
  const verbs = run(command, ['--help']);
  if (!/^\s+completion\b/m.test(verbs)) return;
  mkdirSync(join(tree, 'completion'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    writeFileSync(join(tree, 'completion', `tmpfleet.${shell}`), run(command, ['completion', shell]));
  }
}

/** Sorted names, the commit's time, no owner, one set of permissions; gzip without name and time. */
function pack(work, name, archive, time) {
  const list = run('find', [name, '(', '-type', 'f', '-o', '-type', 'l', ')', '-print'], work).split('\n');
  const kept = list.filter((path) => path !== '' && !LEFT_OUT.test(path)).sort();
  writeFileSync(join(work, 'files'), kept.join('\0'));
  const flags = [
    '--format=gnu',
    `--mtime=@${time}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go=rX',
  ];
  const from = ['--null', '--no-recursion', '--files-from=files', '--use-compress-program=gzip -n -6'];
  run('tar', ['--create', `--file=${archive}`, ...flags, ...from], work);
}

function git(...args) {
  return run('git', args).trim();
}

function run(program, args, cwd = ROOT) {
  // One locale and one umask, wherever it runs.
  const env = { ...process.env, LC_ALL: 'C', npm_config_loglevel: 'error' };
  return execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
