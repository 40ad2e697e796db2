// What one reader's pages are made with: the words of the language that their browser prefers.
import type { IncomingHttpHeaders } from 'node:http';
import { type Words, wordsIn } from './catalogue.ts';
import { type Language, languageOf } from './language.ts';

export interface Edition {
  readonly language: Language;
  readonly words: Words;
}

export function editionFor(headers: IncomingHttpHeaders): Edition {
  const language = languageOf(headers['accept-language']);
  return { language, words: wordsIn(language) };
}
