// What came of an order to many nodes, and the sum of their pools.
import type { NodePoolJson } from '../../shared/api/pool.ts';

export interface NodeResult {
  readonly id: string;
  readonly result: 'done' | 'failed' | 'skipped';
  readonly error?: { readonly code: string; readonly message: string; readonly remedy?: string };
  readonly status?: NodePoolJson;
}

export interface Totals {
  readonly nodes: number;
  readonly failed: number;
  readonly skipped: number;
  readonly capacity: number;
  readonly held: number;
  readonly warm: number;
  readonly starting: number;
  readonly stale: number;
}

export function totalsOf(results: readonly NodeResult[]): Totals {
  const count = (of: NodeResult['result']): number => results.filter(({ result }) => result === of).length;
  const sum = (of: (status: NodePoolJson) => number): number =>
    results.reduce((total, { status }) => total + (status === undefined ? 0 : of(status)), 0);
  return {
    nodes: results.length,
    failed: count('failed'),
    skipped: count('skipped'),
    capacity: sum(({ pool }) => pool.capacity),
    held: sum(({ fleet }) => fleet.held),
    warm: sum(({ fleet }) => fleet.warm),
    starting: sum(({ fleet }) => fleet.starting),
    stale: sum(({ pool }) => pool.stale),
  };
}
