// Checks once what would otherwise fail at every start, and names it in the error.
import type Dockerode from 'dockerode';
import { FleetError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logging.ts';
import { callDocker } from './connection.ts';
import { dataDirsOf } from './disk.ts';
import type { DockerConfig } from './options.ts';
import { whyNotUserIds } from './user-id-range.ts';

const INFO_MS = 5_000;

export interface HostFacts {
  /** Directory of Docker's data. */
  readonly rootDir: string;
  /** Directories on the disks that images and containers fill; what sandboxes write is in the last. */
  readonly dataDirs: readonly string[];
}

/** @throws FleetError `bad-config`, `engine-unavailable`, `engine-timeout` */
export async function checkHost(
  docker: Dockerode,
  { host, config, logger }: { readonly host: string; readonly config: DockerConfig; readonly logger: Logger },
): Promise<HostFacts> {
  const { runtime, cpus } = config;
  const info = await callDocker({ what: `answer at ${host}`, deadlineMs: INFO_MS }, () => docker.info());
  const securityOptions: readonly string[] = info.SecurityOptions ?? [];
  if (!securityOptions.some((each) => each.startsWith('name=seccomp'))) {
    logger.warn('THIS DOCKER FILTERS NO SYSTEM CALLS: it was built or started without seccomp');
  }
  const runtimes = Object.keys(info.Runtimes ?? {});
  if (runtime !== '' && !runtimes.includes(runtime)) {
    throw new FleetError('bad-config', `runtime: Docker does not know ${JSON.stringify(runtime)}`, {
      remedy: `it knows ${runtimes.join(', ')}; others are added in its daemon.json`,
    });
  }
  if (cpus > info.NCPU) {
    throw new FleetError('bad-config', `cpus: ${cpus} is more than the ${info.NCPU} that this host has`);
  }
  const idsProblem = whyNotUserIds(config.uidRange, securityOptions);
  if (idsProblem !== undefined) {
    throw new FleetError('bad-config', idsProblem, { remedy: 'give a lower range, such as 10000-19999' });
  }
  return { rootDir: info.DockerRootDir, dataDirs: dataDirsOf(info) };
}
