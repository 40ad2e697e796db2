// The objective (SLO): a reader who asks while a slot is free is live within two seconds. Front and node each have a part of these two
// seconds and count who kept to it; docs/reader-times.md says which readers count.
import { only, type Registry, showCounter } from '../metrics.ts';

/**
 * Of the two seconds, what the front may take for one redirect, and the node from the request to the claim. A reader whom one
 * node sends back to the front once is redirected twice. ms
 */
export const PARTS_MS = { front: 250, node: 1_500 } as const;

export interface ObjectiveTotals {
  readonly readers: number;
  readonly good: number;
}

export class Objective {
  readonly #limitMs: number;
  #readers = 0;
  #good = 0;

  constructor(part: keyof typeof PARTS_MS) {
    this.#limitMs = PARTS_MS[part];
  }

  get totals(): ObjectiveTotals {
    return { readers: this.#readers, good: this.#good };
  }

  /** Whether a reader who leaves after this time had reason to. */
  isLate(ms: number): boolean {
    return ms > this.#limitMs;
  }

  /** @param ms how long the part took; undefined for a reader who got nothing */
  count(ms: number | undefined): void {
    this.#readers += 1;
    if (ms !== undefined && !this.isLate(ms)) this.#good += 1;
  }
}

export function showObjective(registry: Registry, { part, objective }: ShownObjective): void {
  const seconds = PARTS_MS[part] / 1_000;
  const what = part === 'front' ? 'were sent to a node' : 'had their sandbox';
  showCounter(registry, {
    name: 'tmpfleet_slo_readers_total',
    help: 'Readers who asked while a slot was free, for the objective that they are live within two seconds',
    rows: () => only(objective.totals.readers),
  });
  showCounter(registry, {
    name: 'tmpfleet_slo_good_readers_total',
    help: `Of these readers, those who ${what} within ${seconds} s, the part of this program`,
    rows: () => only(objective.totals.good),
  });
}

export interface ShownObjective {
  readonly part: keyof typeof PARTS_MS;
  readonly objective: Pick<Objective, 'totals'>;
}
