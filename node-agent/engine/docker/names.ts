// What our containers, network and bridge are called. Everything follows from the node's id and the sandbox's.
import { createHash } from 'node:crypto';

export const LABELS = {
  node: 'tmpfleet.node',
  sandbox: 'tmpfleet.sandbox',
  image: 'tmpfleet.image',
  /** A digest of the command, the environment and the limits. */
  recipe: 'tmpfleet.recipe',
  /** Which of the node's networks it is. */
  network: 'tmpfleet.network',
} as const;

/**
 * A container's name. Not the sandbox's id: Docker's DNS answers any peer with the name that belongs to an address
 * (a PTR query; seen with `icc=false` too), and the id opens the sandbox. `docker ps --filter
 * label=tmpfleet.sandbox=<id>` finds it.
 */
export function containerName(nodeId: string, sandboxId: string): string {
  return `tmpfleet-${digest(`${nodeId}/${sandboxId}`, 24)}`;
}

/** @param number from 1; a node whose sandboxes are more than one bridge bears has several */
export function networkName(nodeId: string, number = 1): string {
  return `tmpfleet-${nodeId}${number === 1 ? '' : `.net${number}`}`;
}

/** An interface's name has 15 characters at most. Fixed, so that a firewall rule can name it beforehand. */
export function bridgeName(nodeId: string, number = 1): string {
  return `tf-${digest(number === 1 ? nodeId : `${nodeId}/${number}`, 12)}`;
}

/** The chain of iptables that says where the node's sandboxes may go. 28 characters at most. */
export function egressChain(nodeId: string): string {
  return `TMPFLEET-${digest(nodeId, 12)}`;
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
