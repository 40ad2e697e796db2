// Everything that readers see, in every language: one file of this folder for each part of the product. Operators are
// spoken to in English.
import { EMBED_WORDS } from './embed.ts';

export const CATALOGUE = {
  embed: EMBED_WORDS,
} as const;
