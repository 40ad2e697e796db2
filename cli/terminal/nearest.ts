// Which of the names that exist was probably meant.

/** At most three, the nearest first; none that is too far off to be a slip. */
export function nearest(word: string, names: readonly string[]): readonly string[] {
  const given = word.toLowerCase();
  return names
    .map((name) => ({ name, far: distance(given, name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.ceil(given.length / 3)) || isPart(given, name))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Completes an error: `did you mean a or b?`, or what there is, or that there is nothing. */
export function suggest(word: string, names: readonly string[], what: string): string {
  const near = nearest(word, names);
  if (near.length > 0) return `did you mean ${near.join(' or ')}?`;
  if (names.length === 0) return `there are no ${what} yet`;
  return names.length <= 8
    ? `there are: ${names.join(', ')}`
    : `there are ${names.length} ${what}; ls lists them`;
}

function isPart(given: string, name: string): boolean {
  return given.length >= 3 && name.toLowerCase().includes(given);
}

/** Optimal string alignment: insertions, deletions, substitutions, and neighbours swapped. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
