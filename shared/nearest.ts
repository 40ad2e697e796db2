// Finds the names that a misspelt word most likely means.
import leven from 'leven';

/**
 * @returns at most three names, the most similar first; none that differs in more than a third of its letters, unless it
 * contains the word
 */
export function nearest(word: string, names: readonly string[]): readonly string[] {
  const given = word.toLowerCase();
  const tolerance = Math.max(1, Math.ceil(given.length / 3));
  return names
    .map((name) => ({ name, distance: leven(given, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= tolerance || isPart(given, name))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

function isPart(given: string, name: string): boolean {
  return given.length >= 3 && name.toLowerCase().includes(given);
}
