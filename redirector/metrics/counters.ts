// Counts of each node by kind, as plain numbers: a labelled `inc` of prom-client costs a redirect a microsecond.
import type { MetricRow } from '../../shared/metrics.ts';

/** The label for a name that no registered node has. */
export const UNKNOWN_NODE = 'unknown';

export class NodeTally<Kind extends string> {
  readonly #zero: Readonly<Record<Kind, number>>;
  readonly #counts = new Map<string, Record<Kind, number>>();

  /** @param zero each kind with 0 */
  constructor(zero: Readonly<Record<Kind, number>>) {
    this.#zero = zero;
  }

  of(node: string): Record<Kind, number> {
    const known = this.#counts.get(node);
    if (known !== undefined) return known;
    const fresh = { ...this.#zero };
    this.#counts.set(node, fresh);
    return fresh;
  }

  /** Forgets removed nodes, then returns the rest. */
  rows(label: string, isThere: (node: string) => boolean): readonly MetricRow[] {
    const rows: MetricRow[] = [];
    for (const [node, counts] of this.#counts) {
      if (node !== UNKNOWN_NODE && !isThere(node)) this.#counts.delete(node);
      else
        for (const [kind, count] of Object.entries<number>(counts))
          rows.push([{ node, [label]: kind }, count]);
    }
    return rows;
  }
}
