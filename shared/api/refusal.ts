// Why a reader gets no sandbox now, and what programs are told of it.
import type { ErrorCode } from '../errors.ts';

/** `closed`: every node that answers is cordoned or draining, or cannot start a sandbox and has none in use. */
export type RefusalReason = 'full' | 'closed' | 'none-answers' | 'no-nodes' | 'too-many-hops';

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

export const REFUSALS: Readonly<Record<RefusalReason, Refusal>> = {
  full: { code: 'no-room', message: 'every sandbox of the fleet is taken' },
  closed: { code: 'no-room', message: 'no node takes new readers at the moment' },
  'too-many-hops': { code: 'no-room', message: 'every node that seemed to have room was full on arrival' },
  'none-answers': { code: 'no-node-answers', message: 'no node answers' },
  'no-nodes': { code: 'no-nodes', message: 'the fleet has no nodes yet' },
};
