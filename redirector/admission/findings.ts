// What a probe of a node says of it: findings, one a check, and the refusal that ends it.
import type { ErrorCode } from '../../shared/errors.ts';
import type { NodeStats } from '../../shared/protocol/wire.ts';

export const CHECKS = ['reachable', 'report', 'new', 'secret', 'clock', 'image', 'front'] as const;
export type Check = (typeof CHECKS)[number];

export interface Finding {
  readonly check: Check;
  readonly ok: boolean;
  /** Fine to go on with, but somebody should look. */
  readonly warning?: true | undefined;
  readonly detail: string;
}

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
  readonly findings: readonly Finding[];
  /** What it told of itself, when it was asked (ms since 1970); not of one that is refused. */
  readonly report?: { readonly stats: NodeStats; readonly askedAt: number };
  readonly refusal?: ProbeRefusal;
}

/** Thrown by the check that ends the probe. */
export class ProbeRefused extends Error {
  readonly refusal: ProbeRefusal;
  readonly check: Check;

  constructor(check: Check, refusal: ProbeRefusal) {
    super(refusal.message);
    this.check = check;
    this.refusal = refusal;
  }
}

/** Where a check puts what it found. */
export interface FindingSink {
  readonly found: (check: Check, detail: string) => void;
  readonly warn: (check: Check, detail: string) => void;
}
