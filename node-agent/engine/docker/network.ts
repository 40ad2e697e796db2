// The node's own bridge network: no way out, no way to each other, and nothing else on it.
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { describeError, FleetError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logging.ts';
import { callDocker, reasonOf, statusOf } from './connection.ts';
import { bridgeName, LABELS, networkName } from './names.ts';

const DEADLINE_MS = 30_000;
/** A quarter of a second apart. */
const REMOVE_TRIES = 40;
const ICC = 'com.docker.network.bridge.enable_icc';
const BRIDGE = 'com.docker.network.bridge.name';

/**
 * Makes the network unless it is there as it must be.
 * @throws FleetError `conflict` when a network of that name is not ours, or is ours and less than safe
 */
export async function ensureNetwork(docker: Dockerode, nodeId: string): Promise<void> {
  const found = await inspectNetwork(docker, nodeId);
  if (found === undefined) await createNetwork(docker, nodeId);
  else checkNetwork(found, nodeId);
}

async function inspectNetwork(
  docker: Dockerode,
  nodeId: string,
): Promise<Dockerode.NetworkInspectInfo | undefined> {
  try {
    return await callDocker({ what: 'inspect the network', deadline: DEADLINE_MS }, () =>
      docker.getNetwork(networkName(nodeId)).inspect(),
    );
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

async function createNetwork(docker: Dockerode, nodeId: string): Promise<void> {
  try {
    await callDocker({ what: 'create the network', deadline: DEADLINE_MS }, (abortSignal) =>
      docker.createNetwork({
        Name: networkName(nodeId),
        CheckDuplicate: true,
        Driver: 'bridge',
        Internal: true,
        Attachable: false,
        EnableIPv6: false,
        Options: { [ICC]: 'false', [BRIDGE]: bridgeName(nodeId) },
        Labels: { [LABELS.node]: nodeId },
        abortSignal,
      }),
    );
  } catch (cause) {
    if (statusOf(cause) === undefined) throw cause;
    throw new FleetError('engine-unavailable', `Docker could not create the network: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function checkNetwork(found: Dockerode.NetworkInspectInfo, nodeId: string): void {
  const ours = found.Labels?.[LABELS.node] === nodeId;
  const safe =
    found.Internal && found.Options?.[ICC] === 'false' && found.Options?.[BRIDGE] === bridgeName(nodeId);
  if (ours && safe) return;
  throw new FleetError(
    'conflict',
    `there is a Docker network ${networkName(nodeId)} that ${ours ? 'does not isolate as it must' : 'is not ours'}`,
    { remedy: `remove it (docker network rm ${networkName(nodeId)}), or give this node another --node-id` },
  );
}

/** Removes it; one that is not ours, or has others' containers on it, stays with a warning. */
export async function removeNetwork(docker: Dockerode, nodeId: string, logger: Logger): Promise<void> {
  const found = await inspectNetwork(docker, nodeId);
  if (found === undefined || found.Labels?.[LABELS.node] !== nodeId) return;
  for (let tries = 0; ; tries += 1) {
    try {
      await callDocker({ what: 'remove the network', deadline: DEADLINE_MS }, () =>
        docker.getNetwork(found.Id).remove(),
      );
      return;
    } catch (error) {
      if (statusOf(error) === 404) return;
      if (tries >= REMOVE_TRIES) {
        logger.warn(
          { network: networkName(nodeId), error: describeError(error) },
          'the network could not be removed',
        );
        return;
      }
      // A container that has just been removed may still hold its endpoint for a moment.
      await delay(250);
    }
  }
}
