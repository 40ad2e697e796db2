// Names of our containers, networks and bridges, derived from the ids of the node and the sandbox.
import { createHash } from 'node:crypto';

export const LABELS = {
  node: 'tmpfleet.node',
  sandbox: 'tmpfleet.sandbox',
  image: 'tmpfleet.image',
  /** A digest of the command, the environment and the limits. */
  recipe: 'tmpfleet.recipe',
  /** The user id that only this container has. */
  uid: 'tmpfleet.uid',
  /** The number of the node's network, from 1. */
  network: 'tmpfleet.network',
} as const;

/**
 * A container's name. It is not the sandbox's id: Docker's DNS gives any peer the name for an address (a PTR query;
 * observed with `icc=false` too), and the id opens the sandbox. `docker ps --filter label=tmpfleet.sandbox=<id>` finds
 * the container.
 */
export function containerName(nodeId: string, sandboxId: string): string {
  return `tmpfleet-${digest(`${nodeId}/${sandboxId}`, 24)}`;
}

/** @param number from 1; a node has several bridges when it has more sandboxes than fit on one */
export function networkName(nodeId: string, number = 1): string {
  return `tmpfleet-${nodeId}${number === 1 ? '' : `.net${number}`}`;
}

/** An interface's name has at most 15 characters. It is fixed, so that a firewall rule can name it before it exists. */
export function bridgeName(nodeId: string, number = 1): string {
  return `tf-${digest(number === 1 ? nodeId : `${nodeId}/${number}`, 12)}`;
}

/** The iptables chain that limits where the node's sandboxes may connect to. At most 28 characters. */
export function egressChain(nodeId: string): string {
  return `TMPFLEET-${digest(nodeId, 12)}`;
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
