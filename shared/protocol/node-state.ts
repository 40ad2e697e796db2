// A node's states and the moves between them (DESIGN §3); predicates instead of string comparisons.
import { FleetError } from '../errors.ts';

export const NODE_STATES = [
  /** Takes new readers. */
  'ready',
  /** Takes none, keeps its warm sandboxes; reversible. */
  'cordoned',
  /** Takes none, warm ones are gone, readers stay until the deadline. */
  'draining',
  /** No sandbox is left on it. */
  'drained',
] as const;
export type NodeState = (typeof NODE_STATES)[number];

export type NodeEvent = 'cordon' | 'uncordon' | 'drain' | 'emptied';

const MOVES: Readonly<Record<NodeState, Partial<Readonly<Record<NodeEvent, NodeState>>>>> = {
  // A second drain moves the deadline, so `draining` accepts it; a repeated cordon or uncordon changes nothing.
  ready: { cordon: 'cordoned', uncordon: 'ready', drain: 'draining' },
  cordoned: { cordon: 'cordoned', uncordon: 'ready', drain: 'draining' },
  draining: { uncordon: 'ready', drain: 'draining', emptied: 'drained' },
  drained: { uncordon: 'ready', drain: 'draining' },
};

/** The state after `event`. @throws FleetError `wrong-state` with the present state and the events it allows */
export function moveNode(from: NodeState, event: NodeEvent): NodeState {
  const to = MOVES[from][event];
  if (to === undefined) {
    throw new FleetError('wrong-state', `a node that is ${from} cannot ${event}`, {
      remedy: `it can: ${Object.keys(MOVES[from]).join(', ')}`,
    });
  }
  return to;
}

export function takesReaders(state: NodeState): boolean {
  return state === 'ready';
}

/** Whether the node keeps warm sandboxes in this state. */
export function keepsWarm(state: NodeState): boolean {
  return state === 'ready' || state === 'cordoned';
}
