// Tries the credentials of --registry-auth at the registry of the image.
import { check, type Finding } from '../../shared/checkup/checkup.ts';
import { FleetError } from '../../shared/errors.ts';
import type { NodeAgentConfig } from '../config.ts';
import { callDocker, connectDocker, type DockerTarget, reasonOf } from '../engine/docker/connection.ts';
import { readRegistryAuth, registryOf } from '../engine/docker/image/registry-auth.ts';

/** The registry may be far away. */
const LOGIN_MS = 20_000;

/** @returns none without --registry-auth */
export async function checkRegistry(
  { registryAuth, image }: Pick<NodeAgentConfig, 'registryAuth' | 'image'>,
  target: DockerTarget,
): Promise<readonly Finding[]> {
  if (registryAuth === '') return [];
  const registry = registryOf(image);
  const found = await check('registry', async () => {
    const credentials = readRegistryAuth(registryAuth, image);
    if (credentials === undefined) {
      return {
        level: 'warn',
        detail: `${registryAuth} has no credentials for ${registry}, so ${image} is pulled without`,
        remedy: `add them: docker --config DIR login ${registry}`,
      };
    }
    try {
      const docker = connectDocker(target);
      await callDocker({ what: 'log in', deadlineMs: LOGIN_MS }, () => docker.checkAuth(credentials));
    } catch (error) {
      if (error instanceof FleetError) throw error;
      const detail = `logging in to ${registry} failed: ${reasonOf(error)}`;
      return { level: 'fail', detail, remedy: `write the right credentials to ${registryAuth}` };
    }
    return { detail: `${registry} accepts the credentials in ${registryAuth}` };
  });
  return [found];
}
