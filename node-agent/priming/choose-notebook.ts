// Which notebook the next sandbox is primed for. A pure function.
import type { PrimeTarget } from '../engine/prime-options.ts';

/**
 * The one that is furthest below its share.
 * @param primed the notebooks of the sandboxes that have no reader
 */
export function chooseNotebook(
  targets: readonly PrimeTarget[],
  primed: readonly string[],
): string | undefined {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const missing = ({ notebook, weight }: PrimeTarget): number =>
    (weight / total) * (primed.length + 1) - primed.filter((one) => one === notebook).length;
  return targets.toSorted((one, other) => missing(other) - missing(one))[0]?.notebook;
}
