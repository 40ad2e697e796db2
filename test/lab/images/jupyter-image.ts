// A real Jupyter Notebook from Debian's packages, as a root file system in the cache: about a minute the first time.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensurePackages } from '../install.ts';
import { cacheDir } from '../places.ts';
import { progress, run } from '../run.ts';

const PACKAGES = ['jupyter-notebook', 'python3-ipykernel', 'tini'];
const BUILD_MS = 600_000;
/** Files that a sandbox does not need; a third of the size. */
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*'];

/** The home is empty at the start (a tmpfs), so the article's notebooks come from /opt. */
const START_ARTICLE = `#!/bin/sh
set -e
cp -R /opt/article/. "\${HOME:-/home/jovyan}"/
exec tini -- "$@"
`;

const NOTEBOOK = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
  cells: [
    { cell_type: 'markdown', id: 'title', metadata: {}, source: ['# A live article'] },
    {
      cell_type: 'code',
      id: 'answer',
      metadata: {},
      source: ['print(6 * 7)'],
      outputs: [],
      execution_count: null,
    },
  ],
};

const FILES: Readonly<Record<string, string>> = {
  'start-article': START_ARTICLE,
  'intro.ipynb': `${JSON.stringify(NOTEBOOK, null, 1)}\n`,
};

const HOOKS = (dir: string): readonly string[] => [
  // useradd is not among the essential packages.
  'echo jovyan:x:1000:1000::/home/jovyan:/bin/bash >>"$1/etc/passwd" && echo jovyan:x:1000: >>"$1/etc/group"',
  'mkdir -p "$1/home/jovyan" && chown 1000:1000 "$1/home/jovyan"',
  'mkdir -p "$1/opt/article"',
  `upload ${dir}/intro.ipynb /opt/article/intro.ipynb`,
  `upload ${dir}/start-article /usr/local/bin/start-article`,
  'chmod 755 "$1/usr/local/bin/start-article"',
  'chmod 644 "$1/opt/article/intro.ipynb"',
];

/** Dockerfile instructions for the import. */
export const JUPYTER_SETTINGS = [
  'USER jovyan',
  'WORKDIR /home/jovyan',
  'ENV HOME=/home/jovyan',
  'ENV LANG=C.UTF-8',
  'ENV PATH=/usr/local/bin:/usr/bin:/bin',
  'EXPOSE 8888',
  'ENTRYPOINT ["/usr/local/bin/start-article"]',
];

/** Names the contents: another recipe makes another image. */
export async function jupyterKey(): Promise<string> {
  const sources = await aptSources();
  const recipe = JSON.stringify([PACKAGES, LEFT_OUT, FILES, HOOKS(''), sources.suites, process.arch]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}

/** The archive's path; makes it, in `scratch`, unless it is in the cache. */
export async function buildJupyter(scratch: string): Promise<string> {
  const archive = join(cacheDir(), `jupyter-${await jupyterKey()}.tar`);
  if (existsSync(archive)) return archive;
  await ensurePackages(['mmdebstrap']);
  const work = await mkdtemp(join(dirname(archive), 'building-'));
  const started = performance.now();
  progress('making the Jupyter image (once on this machine, about a minute) …');
  try {
    await debootstrap(work, scratch);
    // Renamed into place whole: a concurrent run must never import half of it.
    await rename(join(work, 'root.tar'), archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  progress(`made the Jupyter image in ${Math.round((performance.now() - started) / 1000)} s`);
  return archive;
}

async function debootstrap(work: string, scratch: string): Promise<void> {
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(work, name), text);
  const { suite, lines } = await aptSources();
  const temporary = await mkdtemp(join(scratch, 'building-'));
  const flags = [
    '--mode=root',
    '--variant=essential',
    `--include=${PACKAGES.join(',')}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...HOOKS(work).map((hook) => `--customize-hook=${hook}`),
  ];
  // The scratch directory may be on a mount that forbids devices or programs.
  const env = (await mayHoldRoot(temporary)) ? { TMPDIR: temporary } : {};
  try {
    await run('mmdebstrap', [...flags, suite, join(work, 'root.tar'), ...lines], { timeout: BUILD_MS, env });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

export async function mayHoldRoot(dir: string): Promise<boolean> {
  const options = await run('findmnt', ['-n', '-o', 'OPTIONS', '-T', dir]);
  return !/\b(nodev|noexec)\b/.test(options);
}

/** This machine's own Debian sources, in either file format. */
export async function aptSources(): Promise<{
  suite: string;
  suites: readonly string[];
  lines: readonly string[];
}> {
  const variables = ['ORIGIN', 'REPO_URI', 'RELEASE', 'COMPONENT'].map((name) => `$(${name})`);
  const listing = await run('apt-get', [
    'indextargets',
    '--format',
    variables.join(' '),
    'Created-By: Packages',
  ]);
  const targets = [...new Set(listing.split('\n'))].filter((line) => line.startsWith('Debian '));
  const split = targets.map((line) => line.split(' '));
  const [first] = split;
  if (first?.[2] === undefined) throw new Error('apt has no Debian sources (apt-get update needed?)');
  return {
    suite: first[2],
    suites: split.map(([, , release, component]) => `${release} ${component}`),
    lines: split.map(([, uri, release, component]) => `deb ${uri} ${release} ${component}`),
  };
}
