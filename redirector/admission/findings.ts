// What a probe of a node says of it: findings, one a check, and the refusal that ends it.
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

export interface Refusal {
  /** 502: nothing (of use) is there; 422: it is not fit for this fleet; 409: as things are just now. */
  readonly status: 409 | 422 | 502;
  readonly message: string;
  readonly remedy: string;
}

export interface Probed {
  readonly findings: readonly Finding[];
  /** What it told of itself, when it was asked (ms since 1970); not of one that is refused. */
  readonly report?: { readonly stats: NodeStats; readonly askedAt: number };
  readonly refusal?: Refusal;
}

/** Thrown by the check that ends the probe. */
export class Unfit extends Error {
  readonly refusal: Refusal;
  readonly check: Check;

  constructor(check: Check, refusal: Refusal) {
    super(refusal.message);
    this.check = check;
    this.refusal = refusal;
  }
}

export interface Notes {
  readonly found: (check: Check, detail: string) => void;
  readonly warn: (check: Check, detail: string) => void;
}
