// Checks once what would otherwise fail at every start, and names it in the error.
import type Dockerode from 'dockerode';
import { FleetError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logging.ts';
import { callDocker } from './connection.ts';
import type { DockerConfig } from './options.ts';

const INFO_MS = 5_000;

export interface HostFacts {
  /** Directory of Docker's data. */
  readonly rootDir: string;
}

/** @throws FleetError `bad-config`, `engine-unavailable`, `engine-timeout` */
export async function checkHost(
  docker: Dockerode,
  { host, config, logger }: { readonly host: string; readonly config: DockerConfig; readonly logger: Logger },
): Promise<HostFacts> {
  const { runtime, cpus } = config;
  const info = await callDocker({ what: `answer at ${host}`, deadlineMs: INFO_MS }, () => docker.info());
  if (!(info.SecurityOptions ?? []).some((each: string) => each.startsWith('name=seccomp'))) {
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
  return { rootDir: info.DockerRootDir };
}
