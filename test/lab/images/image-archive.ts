// The Jupyter image as a `docker save` archive in the cache: for hosts that load what they cannot pull.
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { startDocker } from '../docker/docker.ts';
import { cacheDir } from '../places.ts';
import { importJupyter } from './images.ts';
import { jupyterKey, NOTEBOOK } from './jupyter-image.ts';

export interface ImageArchive {
  readonly path: string;
  /** Name of the image in it. */
  readonly image: string;
}

export async function ensureJupyterArchive(): Promise<ImageArchive> {
  const key = await jupyterKey(NOTEBOOK);
  const path = join(cacheDir(), `jupyter-${key}-saved.tar`);
  const image = `tmpfleet-lab/jupyter:${key}`;
  if (existsSync(path)) return { path, image };
  const docker = await startDocker();
  const work = await mkdtemp(join(cacheDir(), 'building-'));
  try {
    const name = await importJupyter(docker);
    await pipeline(await docker.client.getImage(name).get(), createWriteStream(join(work, 'image.tar')));
    await rename(join(work, 'image.tar'), path);
    return { path, image: name };
  } finally {
    await rm(work, { recursive: true, force: true });
    await docker.stop();
  }
}
