// The tiny image: this machine's own node with its libraries, a shell with its usual tools, and tiny-server.mjs. About 100 MB, packed in
// a fraction of a second straight into the engine.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from '../run.ts';

/** Also runs by itself: `node tiny-server.mjs --base-path /user/x --port 8888 --ip 127.0.0.1`. */
export const TINY_SERVER = fileURLToPath(new URL('tiny-server.mjs', import.meta.url));

/** Dockerfile instructions for the import. */
export const TINY_SETTINGS = [
  'USER jovyan',
  'WORKDIR /home/jovyan',
  'ENV HOME=/home/jovyan',
  'ENV PATH=/usr/local/bin:/usr/bin:/bin',
  'EXPOSE 8888',
  'CMD ["tiny-server"]',
];

const SMALL_FILES: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\njovyan:x:1000:1000::/home/jovyan:/bin/sh\n',
  'etc/group': 'root:x:0:\njovyan:x:1000:\n',
  'usr/local/bin/tiny-server': '#!/bin/sh\nexec node /opt/tiny-server.mjs "$@"\n',
};
/** As every image with a shell has them. */
const TOOLS = ['sh', 'cat', 'chmod', 'dd', 'mkfifo', 'sleep', 'tail', 'tar'].map((name) => `/bin/${name}`);
const DIRECTORIES = ['tmp', 'home/jovyan', 'opt', 'etc', 'usr/local/bin'];

/** A tar stream of the root file system; small files are made in `scratch`. */
export async function tinyArchive(scratch: string): Promise<Readable> {
  const stage = await mkdtemp(join(scratch, 'tiny-'));
  for (const dir of DIRECTORIES) await mkdir(join(stage, dir), { recursive: true });
  for (const [path, text] of Object.entries(SMALL_FILES)) await writeFile(join(stage, path), text);
  await chmod(join(stage, 'usr/local/bin/tiny-server'), 0o755);
  await chmod(stage, 0o755);
  // A tmpfs mounted there takes over the mode.
  await chmod(join(stage, 'tmp'), 0o1777);
  const node = realpathSync(process.execPath);
  const programs = [node, ...TOOLS];
  const files = [TINY_SERVER, ...programs, ...(await Promise.all(programs.map(librariesOf))).flat()];
  const tar = spawn(
    'tar',
    [
      '--create',
      '--dereference',
      '--hard-dereference',
      '--owner=0',
      '--group=0',
      `--transform=s,^${literal(node.slice(1))}$,usr/local/bin/node,`,
      `--transform=s,^${literal(TINY_SERVER.slice(1))}$,opt/tiny-server.mjs,`,
      `--directory=${stage}`,
      '.',
      '--directory=/',
      ...[...new Set(files)].map((path) => path.slice(1)),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  tar.once('close', () => void rm(stage, { recursive: true, force: true }));
  return tar.stdout;
}

async function librariesOf(program: string): Promise<readonly string[]> {
  const listing = await run('ldd', [program]);
  return listing.split('\n').flatMap((line) => /(?:=> |^\s*)(\/\S+)/.exec(line)?.[1] ?? []);
}

function literal(path: string): string {
  return path.replace(/[.*+[\]^$\\,]/g, '\\$&');
}
