// How a difference is declared.

/** One aspect in which the two differ, and why ours is right. */
export interface Difference {
  /** As in `normalise.ts`: `answer 1 etag`, `request 1 body`. */
  readonly what: string;
  /** Undefined: there is none. */
  readonly chp: string | undefined;
  readonly ours: string | undefined;
  /** RFC and section, and the reason. */
  readonly right: string;
}

/** By the names of cases. */
export type Differences = Readonly<Record<string, readonly Difference[]>>;

type Row = readonly [what: string, chp: string | undefined, ours: string | undefined];

export function because(right: string, ...rows: readonly Row[]): readonly Difference[] {
  return rows.map(([what, chp, ours]) => ({ what, chp, ours, right }));
}
