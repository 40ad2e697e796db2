// What a probe of a node says of it: findings, one a check, and the refusal that ends it.
import type { NodeCheck, NodeFinding } from '../../shared/api/finding.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { NodeStats } from '../../shared/protocol/wire.ts';

/** What a probe may end with. */
export const PROBE_CODES = [
  ...(['already-exists', 'cannot-start', 'not-a-node', 'wrong-secret', 'clock-skew'] as const),
  ...(['node-unreachable', 'bad-report'] as const),
] as const satisfies readonly ErrorCode[];

export interface ProbeRefusal {
  readonly code: (typeof PROBE_CODES)[number];
  readonly message: string;
  readonly remedy: string;
}

export interface Probed {
  readonly findings: readonly NodeFinding[];
  /** What it told of itself, when it was asked (ms since 1970); not of one that is refused. */
  readonly report?: { readonly stats: NodeStats; readonly askedAt: number };
  readonly refusal?: ProbeRefusal;
}

/** Thrown by the check that ends the probe. */
export class ProbeRefused extends Error {
  readonly refusal: ProbeRefusal;
  readonly check: NodeCheck;

  constructor(check: NodeCheck, refusal: ProbeRefusal) {
    super(refusal.message);
    this.check = check;
    this.refusal = refusal;
  }
}

/** Where a check puts what it found. */
export interface FindingSink {
  readonly found: (check: NodeCheck, detail: string) => void;
  readonly warn: (check: NodeCheck, detail: string) => void;
}
