// The result of probing a node: a finding for each check, and the refusal that ended the probe.
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
  /** The node's report, and when it was requested (ms since 1970); absent for a refused node. */
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

/** Collects the findings of the checks. */
export interface FindingSink {
  readonly found: (check: NodeCheck, detail: string) => void;
  readonly warn: (check: NodeCheck, detail: string) => void;
}
