// Everything that readers see, in every language: one file of this folder for each part of the product. Operators are
// spoken to in English.
import { COMPANION_WORDS } from './companion.ts';
import { EMBED_WORDS } from './embed.ts';
import type { Language } from './language.ts';
import { LAUNCH_WORDS } from './launch.ts';
import { LIMIT_WORDS } from './limits.ts';
import { LINE_WORDS } from './line.ts';
import { NODE_WORDS } from './node.ts';
import { NOTEBOOK_WORDS } from './notebook.ts';
import { UNAVAILABLE_WORDS } from './unavailable.ts';

export const CATALOGUE = {
  companion: COMPANION_WORDS,
  embed: EMBED_WORDS,
  launch: LAUNCH_WORDS,
  limits: LIMIT_WORDS,
  line: LINE_WORDS,
  node: NODE_WORDS,
  notebook: NOTEBOOK_WORDS,
  unavailable: UNAVAILABLE_WORDS,
} as const;

type Catalogue = typeof CATALOGUE;

/** All words in one language, by area. */
export type Words = { readonly [Area in keyof Catalogue]: Catalogue[Area]['en'] };

export function wordsIn(language: Language): Words {
  const areas = Object.entries(CATALOGUE).map(([area, words]) => [area, words[language]]);
  // The areas of the catalogue, each in that language.
  return Object.fromEntries(areas) as Words;
}
