// The languages that readers are spoken to in, and which of them a browser prefers (RFC 9110 §12.5.4).
import Negotiator from 'negotiator';

/** RFC 5646 tags, lower case. The first is for readers who prefer none of them. */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'zh', 'ja'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The same words in every language. */
export type InEveryLanguage<Words> = Readonly<Record<Language, Words>>;

/** A browser lists a few languages; more of a header is not read, because to compare a long one takes time. Characters */
const MAX_HEADER_LENGTH = 200;

/** @param acceptLanguage the header of the request, however malformed */
export function languageOf(acceptLanguage: string | undefined): Language {
  if (acceptLanguage === undefined) return LANGUAGES[0];
  const header = acceptLanguage.slice(0, MAX_HEADER_LENGTH);
  const preferred = new Negotiator({ headers: { 'accept-language': header } }).language(LANGUAGES);
  return LANGUAGES.find((language) => language === preferred) ?? LANGUAGES[0];
}

/**
 * Puts values into a text of the catalogue: `fillIn('{minutes} minutes', { minutes: 5 })`. A placeholder without a value
 * stays as it is. The result is text, not HTML.
 */
export function fillIn(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => String(values[name] ?? placeholder));
}
