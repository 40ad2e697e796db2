// A node in a simulation: its pool of sandboxes, those who wait for a start, and its report.
import { EPOCH_MS, YOUNG_EPOCHS } from '../../../redirector/nodes/pending.ts';
import type { NodeStats } from '../../../shared/protocol/wire.ts';
import type { NodeSize } from './scenario.ts';

/** Epochs that a report tells of: those that a front counts, and two more for one whose report is late. */
const REPORTED_EPOCHS = YOUNG_EPOCHS + 2;

export interface SimulatedNode {
  readonly index: number;
  readonly capacity: number;
  /** How many it keeps ready. */
  readonly target: number;
  warm: number;
  held: number;
  starting: number;
  /** Readers on their way to it. */
  coming: number;
  /** Of its reports. */
  seq: number;
  /** Arrival times of the readers who wait for a start. */
  readonly line: number[];
  /** Tickets that arrived, by redirector and epoch. */
  readonly seen: readonly Map<number, number>[];
}

export function createNode({ capacity, warm }: NodeSize, index: number, redirectors: number): SimulatedNode {
  return {
    ...{ index, capacity, target: warm, warm, held: 0, starting: 0, coming: 0, seq: 0, line: [] },
    seen: Array.from({ length: redirectors }, () => new Map<number, number>()),
  };
}

/** Counts the ticket of a reader who arrives. */
export function countTicket({ seen }: SimulatedNode, redirector: number, epoch: number): void {
  const counts = seen[redirector];
  counts?.set(epoch, (counts.get(epoch) ?? 0) + 1);
}

/** A node's `/stats`, as one of the redirectors gets it. */
export function reportOf(
  node: SimulatedNode,
  { key, redirector, now }: { readonly key: string; readonly redirector: number; readonly now: number },
): NodeStats {
  const oldest = Math.floor(now / EPOCH_MS) - REPORTED_EPOCHS;
  const seen = node.seen[redirector] ?? new Map<number, number>();
  for (const epoch of seen.keys()) if (epoch < oldest) seen.delete(epoch);
  node.seq += 1;
  return {
    ...{ available: node.warm, capacity: node.capacity },
    fleet: {
      ...{ protocol: 1, node: `n${node.index}`, boot: 'b', seq: node.seq, state: 'ready', image: 'x' },
      ...{ warm: node.warm, starting: node.starting, held: node.held, removing: 0, claims: 0 },
      ...{ waiting: node.line.length, capacity: node.capacity, ended: {}, load: 0 },
      seen: { [key]: Object.fromEntries(seen) },
    },
  };
}
