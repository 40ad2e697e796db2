// One bridge network of the node: sandboxes cannot reach each other, nor, without egress, anything outside.
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { describeError, FleetError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../../shared/logging.ts';
import { callDocker, reasonOf, statusOf } from '../connection.ts';
import { LABELS } from '../names.ts';

const DEADLINE_MS = 30_000;
/** Attempts, a quarter of a second apart. */
const REMOVE_TRIES = 40;
const ICC = 'com.docker.network.bridge.enable_icc';
const BRIDGE = 'com.docker.network.bridge.name';

export interface NetworkPlan {
  readonly name: string;
  readonly bridge: string;
  /** From 1. */
  readonly number: number;
  readonly egress: boolean;
}

/**
 * Creates the network unless it exists with the right options.
 * @throws FleetError `conflict` when a network of that name is not ours, or is ours with other options
 */
export async function ensureNetwork(docker: Dockerode, plan: NetworkPlan, nodeId: string): Promise<void> {
  const found = await inspectNetwork(docker, plan.name);
  if (found !== undefined && !(await mayBeMadeAnew(docker, found, plan, nodeId))) {
    checkNetwork(found, plan, nodeId);
    return;
  }
  await createNetwork(docker, plan, nodeId);
}

/** Our network with the other egress setting and no containers is removed. */
async function mayBeMadeAnew(
  docker: Dockerode,
  found: Dockerode.NetworkInspectInfo,
  { egress }: NetworkPlan,
  nodeId: string,
): Promise<boolean> {
  const isOurs = found.Labels?.[LABELS.node] === nodeId;
  if (!isOurs || found.Internal !== egress || Object.keys(found.Containers ?? {}).length > 0) return false;
  await callDocker({ what: 'remove the network', deadlineMs: DEADLINE_MS }, () =>
    docker.getNetwork(found.Id).remove(),
  );
  return true;
}

async function inspectNetwork(
  docker: Dockerode,
  name: string,
): Promise<Dockerode.NetworkInspectInfo | undefined> {
  try {
    return await callDocker({ what: 'inspect the network', deadlineMs: DEADLINE_MS }, () =>
      docker.getNetwork(name).inspect(),
    );
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

async function createNetwork(
  docker: Dockerode,
  { name, bridge, number, egress }: NetworkPlan,
  nodeId: string,
): Promise<void> {
  try {
    await callDocker({ what: 'create the network', deadlineMs: DEADLINE_MS }, (abortSignal) =>
      docker.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Driver: 'bridge',
        Internal: !egress,
        Attachable: false,
        EnableIPv6: false,
        Options: { [ICC]: 'false', [BRIDGE]: bridge },
        Labels: { [LABELS.node]: nodeId, [LABELS.network]: String(number) },
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

function checkNetwork(
  found: Dockerode.NetworkInspectInfo,
  { name, bridge, egress }: NetworkPlan,
  nodeId: string,
): void {
  const ours = found.Labels?.[LABELS.node] === nodeId;
  const safe = found.Options?.[ICC] === 'false' && found.Options?.[BRIDGE] === bridge;
  if (ours && safe && found.Internal !== egress) return;
  if (ours && safe) {
    throw new FleetError(
      'conflict',
      `sandboxes that were started with${egress ? 'out' : ''} a way out are still on the Docker network ${name}`,
      { remedy: `start once more with${egress ? 'out' : ''} --egress, drain this node, and change it then` },
    );
  }
  throw new FleetError(
    'conflict',
    `there is a Docker network ${name} that ${ours ? 'does not isolate as it must' : 'is not ours'}`,
    { remedy: `remove it (docker network rm ${name}), or give this node another --node-id` },
  );
}

/** Removes it; a network that is not ours, or has other containers on it, stays, with a warning. */
export async function removeNetwork(
  docker: Dockerode,
  { name }: NetworkPlan,
  nodeId: string,
  logger: Logger,
): Promise<void> {
  const found = await inspectNetwork(docker, name);
  if (found === undefined || found.Labels?.[LABELS.node] !== nodeId) return;
  for (let tries = 0; ; tries += 1) {
    try {
      await callDocker({ what: 'remove the network', deadlineMs: DEADLINE_MS }, () =>
        docker.getNetwork(found.Id).remove(),
      );
      return;
    } catch (error) {
      if (statusOf(error) === 404) return;
      if (tries >= REMOVE_TRIES) {
        logger.warn({ network: name, error: describeError(error) }, 'the network could not be removed');
        return;
      }
      // A container that has just been removed may still hold its endpoint for a moment.
      await delay(250);
    }
  }
}
