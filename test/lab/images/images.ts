// Real images without a registry: root file systems made from Debian's packages and from this machine's own node,
// imported into an engine.
import type { Readable } from 'node:stream';
import { type DockerLab, finished } from '../docker/docker.ts';
import { buildJupyter, JUPYTER_SETTINGS, jupyterKey, NOTEBOOK } from './jupyter-image.ts';
import { TINY_SETTINGS, tinyArchive } from './tiny-image.ts';

export const TINY_IMAGE = 'tmpfleet-lab/tiny:latest';

/** For the agent's --command, with that image: a small server that misbehaves on request. */
export const TINY_COMMAND = 'tiny-server --base-path /{base_path} --port {port} --ip {ip}';

/** Imports a real Jupyter; the first time on a machine, makes it (one to two minutes). Returns its name. */
export async function importJupyter(docker: DockerLab, recipe = NOTEBOOK): Promise<string> {
  const archive = await buildJupyter(recipe, docker.dir);
  const repo = `tmpfleet-lab/${recipe.name}`;
  const tag = await jupyterKey(recipe);
  await importArchive(docker, archive, { repo, tag, changes: JUPYTER_SETTINGS });
  return `${repo}:${tag}`;
}

/** Imports the tiny image; returns its name. */
export async function importTiny(docker: DockerLab): Promise<string> {
  await importArchive(docker, await tinyArchive(docker.dir), {
    repo: 'tmpfleet-lab/tiny',
    tag: 'latest',
    changes: TINY_SETTINGS,
  });
  return TINY_IMAGE;
}

interface ImportOptions {
  readonly repo: string;
  readonly tag: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
}

async function importArchive(
  { client }: DockerLab,
  archive: string | Readable,
  options: ImportOptions,
): Promise<void> {
  const report = await client.importImage(archive, { ...options, changes: [...options.changes] });
  await finished(client, report);
}
