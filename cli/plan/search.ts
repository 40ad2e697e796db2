// Finds the least number that is enough, with few trials: each of them may be a simulation of hours.

export interface SearchOptions {
  /** Tried first; a good guess saves trials. */
  readonly guess: number;
  /** No number above it is tried. */
  readonly most: number;
  /** Must hold for every number above one for which it holds. Undefined: there is no time for a further trial. */
  readonly isEnough: (number: number) => boolean | undefined;
}

export interface Found {
  /** Undefined where no number was found to be enough. */
  readonly least: number | undefined;
  /** Whether it is certain that no smaller number from 1 on is enough. */
  readonly isExact: boolean;
}

/** Steps that double, from the guess on, until the answer lies between two trials; then binary search. */
export function findLeast({ guess, most, isEnough }: SearchOptions): Found {
  let failed = 0;
  let enough: number | undefined;
  let trial = Math.min(Math.max(1, Math.round(guess)), most);
  let step = Math.max(1, Math.round(trial / 16));
  while (enough === undefined || enough - failed > 1) {
    const answer = isEnough(trial);
    if (answer === undefined) return { least: enough, isExact: false };
    if (answer) enough = trial;
    else if (trial === most) return { least: undefined, isExact: true };
    else failed = trial;
    if (enough === undefined) trial = Math.min(most, trial + step);
    else if (failed === 0) trial = Math.max(1, enough - step);
    else trial = Math.floor((failed + enough) / 2);
    step *= 2;
  }
  return { least: enough, isExact: true };
}
