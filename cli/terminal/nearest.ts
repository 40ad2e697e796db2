// Completes an error about an unknown name with the names that were probably meant.
import { nearest } from '../../shared/nearest.ts';

/** `did you mean a or b?`, or the names that exist, or that none exists. `what` is the plural of what is named. */
export function suggest(word: string, names: readonly string[], what: string): string {
  const near = nearest(word, names);
  if (near.length > 0) return `did you mean ${near.join(' or ')}?`;
  if (names.length === 0) return `there are no ${what} yet`;
  return names.length <= 8
    ? `there are: ${names.join(', ')}`
    : `there are ${names.length} ${what}; ls lists them`;
}
