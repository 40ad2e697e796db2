// How our pages look and speak to readers: as tmpfleet, or as a publisher wants it (read-brand.ts).
import type { IncomingHttpHeaders } from 'node:http';
import { type Words, wordsIn } from '../words/catalogue.ts';
import { type Language, languageOf } from '../words/language.ts';
import type { Palette } from './palette.ts';

/** What a publisher adds to each page. Text, not HTML; empty for nothing. */
export interface Look {
  readonly name: string;
  /** A `data:` address of a picture. */
  readonly logo: string;
  readonly footer: string;
  readonly palette: Palette;
}

export interface Brand {
  /** Undefined for ours. */
  readonly look: Look | undefined;
  readonly wordsIn: (language: Language) => Words;
}

export const OWN_BRAND: Brand = { look: undefined, wordsIn };

/** What one reader's pages are made with. */
export interface Edition {
  readonly language: Language;
  readonly words: Words;
  readonly look?: Look | undefined;
}

/** @param headers of the reader's request */
export function editionFor(headers: IncomingHttpHeaders, brand = OWN_BRAND): Edition {
  const language = languageOf(headers['accept-language']);
  return { language, words: brand.wordsIn(language), look: brand.look };
}
