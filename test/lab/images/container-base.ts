// A Debian for the Dockerfile to build on: like debian:12-slim, with iptables, because no mirror can be reached.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DockerLab, finished } from '../docker/docker.ts';
import { ensurePackages } from '../install.ts';
import { cacheDir } from '../places.ts';
import { progress, run } from '../run.ts';
import { aptSources } from './apt-sources.ts';

export const CONTAINER_BASE = 'tmpfleet-lab/base:latest';
const PACKAGES = ['iptables', 'ca-certificates', 'libstdc++6'];
const BUILD_MS = 600_000;

/** Imports it; returns its name. */
export async function importContainerBase({ client }: DockerLab): Promise<string> {
  const [repo = '', tag = ''] = CONTAINER_BASE.split(':');
  await finished(client, await client.importImage(await ensureArchive(), { repo, tag }));
  return CONTAINER_BASE;
}

async function ensureArchive(): Promise<string> {
  const { suite, suites, lines } = await aptSources();
  const recipe = JSON.stringify([PACKAGES, suites, process.arch]);
  const key = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  const archive = join(cacheDir(), `base-${key}.tar`);
  if (existsSync(archive)) return archive;
  await ensurePackages(['mmdebstrap']);
  progress('making a Debian image to build upon (once on this machine) …');
  const work = await mkdtemp(join(cacheDir(), 'building-'));
  try {
    const flags = ['--mode=root', '--variant=minbase', `--include=${PACKAGES.join(',')}`];
    const slim = ['doc', 'man', 'locale'].map((dir) => `--dpkgopt=path-exclude=/usr/share/${dir}/*`);
    const target = join(work, 'root.tar');
    await run('mmdebstrap', [...flags, ...slim, suite, target, ...lines], { timeout: BUILD_MS });
    await rename(target, archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return archive;
}
