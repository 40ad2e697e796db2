// Real Jupyters from Debian's packages, as root file systems in the cache: one to two minutes the first time.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensurePackages } from '../install.ts';
import { cacheDir } from '../places.ts';
import { progress, run } from '../run.ts';
import { aptSources } from './apt-sources.ts';

interface JupyterRecipe {
  /** Of its archive and its image. */
  readonly name: string;
  /** Of Debian; undefined: the machine's own. */
  readonly suite?: string;
  /** Debian's testing: without updates, and with a list that its mirrors may keep beyond its date. */
  readonly isTesting?: boolean;
  readonly packages: readonly string[];
  /** Packages of which only the files are taken, without what they depend on. */
  readonly unpacked?: readonly string[];
}

/** The classic Notebook 6. */
export const NOTEBOOK: JupyterRecipe = {
  name: 'jupyter',
  packages: ['jupyter-notebook', 'python3-ipykernel', 'tini'],
};

/**
 * JupyterLab 4, which Debian has since 13. The package depends on 700 others that only build extensions (1.2 GB): its files
 * and the Python packages that it imports are enough. apt checks the signatures by the keys of Debian 13, which
 * debian-archive-keyring of Debian 12 carries as well.
 */
export const LAB: JupyterRecipe = {
  name: 'jupyterlab',
  suite: 'trixie',
  packages: [
    'jupyter-core',
    'python3-jupyter-server',
    'python3-jupyterlab-server',
    'python3-notebook-shim',
    'python3-async-lru',
    'python3-ipykernel',
    'tini',
  ],
  unpacked: ['jupyterlab'],
};

/** Notebook 7, which Debian has in testing; otherwise as above. */
export const NOTEBOOK7: JupyterRecipe = {
  ...LAB,
  name: 'notebook7',
  suite: 'forky',
  isTesting: true,
  unpacked: ['jupyterlab', 'python3-notebook', 'jupyter-notebook'],
};

const BUILD_MS = 600_000;
/** Files that a sandbox does not need; a third of the size. */
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*'];

/** The home is empty at the start (a tmpfs), so the article's notebooks come from /opt. */
const START_ARTICLE = `#!/bin/sh
set -e
cp -R /opt/article/. "\${HOME:-/home/jovyan}"/
exec tini -- "$@"
`;

const ARTICLE = {
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
  'intro.ipynb': `${JSON.stringify(ARTICLE, null, 1)}\n`,
};

const hooks = ({ unpacked = [] }: JupyterRecipe, dir: string): readonly string[] => [
  // useradd is not among the essential packages.
  'echo jovyan:x:1000:1000::/home/jovyan:/bin/bash >>"$1/etc/passwd" && echo jovyan:x:1000: >>"$1/etc/group"',
  'mkdir -p "$1/home/jovyan" && chown 1000:1000 "$1/home/jovyan"',
  'mkdir -p "$1/opt/article"',
  `upload ${dir}/intro.ipynb /opt/article/intro.ipynb`,
  `upload ${dir}/start-article /usr/local/bin/start-article`,
  'chmod 755 "$1/usr/local/bin/start-article"',
  'chmod 644 "$1/opt/article/intro.ipynb"',
  ...unpacked.map(
    (name) =>
      'export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" && cd "$1/tmp"' +
      ` && apt-get download -qq ${name} && dpkg-deb -x ${name}_*.deb "$1" && rm ${name}_*.deb`,
  ),
  // A read-only container cannot write the byte code.
  ...(unpacked.length > 0 ? ['chroot "$1" python3 -m compileall -qq /usr/lib/python3/dist-packages'] : []),
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
export async function jupyterKey(recipe: JupyterRecipe): Promise<string> {
  const { suites } = await aptSources(recipe.suite, recipe.isTesting !== true);
  const parts = JSON.stringify([recipe.packages, LEFT_OUT, FILES, hooks(recipe, ''), suites, process.arch]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 12);
}

/** The archive's path; makes it, in `scratch`, unless it is in the cache. */
export async function buildJupyter(recipe: JupyterRecipe, scratch: string): Promise<string> {
  const archive = join(cacheDir(), `${recipe.name}-${await jupyterKey(recipe)}.tar`);
  if (existsSync(archive)) return archive;
  await ensurePackages(['mmdebstrap']);
  const work = await mkdtemp(join(dirname(archive), 'building-'));
  const started = performance.now();
  progress(`making the image ${recipe.name} (once on this machine, one to two minutes) …`);
  try {
    await debootstrap(recipe, work, scratch);
    // Renamed into place whole: a concurrent run must never import half of it.
    await rename(join(work, 'root.tar'), archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  progress(`made the image ${recipe.name} in ${Math.round((performance.now() - started) / 1000)} s`);
  return archive;
}

async function debootstrap(recipe: JupyterRecipe, work: string, scratch: string): Promise<void> {
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(work, name), text);
  const { suite, lines } = await aptSources(recipe.suite, recipe.isTesting !== true);
  const temporary = await mkdtemp(join(scratch, 'building-'));
  const flags = [
    '--mode=root',
    '--variant=essential',
    `--include=${recipe.packages.join(',')}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...(recipe.isTesting === true ? ['--aptopt=Acquire::Check-Valid-Until "false"'] : []),
    ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...hooks(recipe, work).map((hook) => `--customize-hook=${hook}`),
  ];
  // The scratch directory may be on a mount that forbids devices or programs.
  const env = (await mayHoldRoot(temporary)) ? { TMPDIR: temporary } : {};
  try {
    await run('mmdebstrap', [...flags, suite, join(work, 'root.tar'), ...lines], { timeout: BUILD_MS, env });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function mayHoldRoot(dir: string): Promise<boolean> {
  const options = await run('findmnt', ['-n', '-o', 'OPTIONS', '-T', dir]);
  return !/\b(nodev|noexec)\b/.test(options);
}
