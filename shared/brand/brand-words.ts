// A publisher's words in place of ours: by language, and by the path of the text in the catalogue, such as `launch.open`.
import { nearest } from '../nearest.ts';
import { type Words, wordsIn } from '../words/catalogue.ts';
import { LANGUAGES, type Language } from '../words/language.ts';

/** Longest text. Characters */
const MAX_LENGTH = 2_000;

/** The texts of a language, by path. */
export type Texts = ReadonlyMap<string, string>;

const ENGLISH = textsOf(wordsIn('en'));

/** Those that `given` has, and what is wrong with the rest. @param given as in the file: `{de: {launch.open: …}}` */
export function readWords(given: Readonly<Record<string, unknown>>): {
  readonly words: ReadonlyMap<Language, Texts>;
  readonly problems: readonly string[];
} {
  const words = new Map<Language, Texts>();
  const problems: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const language = LANGUAGES.find((each) => each === name);
    if (language === undefined) {
      problems.push(`words.${name}: unknown language; there are ${LANGUAGES.join(', ')}`);
    } else if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push(`words.${name}: expected texts by key, such as "launch.open: Open the figure"`);
    } else {
      const texts = Object.entries(value);
      problems.push(...texts.flatMap(([key, text]) => problemsOf(`words.${name}.${key}`, key, text)));
      words.set(language, new Map(texts.map(([key, text]) => [key, String(text)])));
    }
  }
  return { words, problems };
}

function problemsOf(field: string, key: string, text: unknown): readonly string[] {
  const ours = ENGLISH.get(key);
  if (ours === undefined) {
    const [near] = nearest(key, [...ENGLISH.keys()]);
    return [`${field}: unknown key${near === undefined ? '' : `; did you mean ${near}?`}`];
  }
  return [textProblem(field, text, MAX_LENGTH), placeholderProblem(field, ours, text)].filter(
    (problem) => problem !== undefined,
  );
}

/** What is wrong with a value that should be text. */
export function textProblem(field: string, value: unknown, maxLength: number): string | undefined {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= maxLength) return undefined;
  return `${field}: invalid value ${JSON.stringify(value)?.slice(0, 100)}; expected a text of up to ${maxLength} characters`;
}

function placeholderProblem(field: string, ours: string, text: unknown): string | undefined {
  const [wanted, given] = [ours, String(text)].map((each) =>
    [...new Set(each.match(/\{\w+\}/g))].sort().join(' '),
  );
  if (wanted === given) return undefined;
  return `${field}: its placeholders are "${given}"; expected ${wanted === '' ? 'none' : `"${wanted}"`}`;
}

/** Our words of a language with those texts in place of ours. */
export function withTexts(language: Language, texts: Texts): Words {
  // The same keys, each with a text.
  return replace(wordsIn(language), '', texts) as Words;
}

function replace(words: object, path: string, texts: Texts): object {
  return Object.fromEntries(
    Object.entries(words).map(([key, value]) => [
      key,
      typeof value === 'string'
        ? (texts.get(`${path}${key}`) ?? value)
        : replace(value, `${path}${key}.`, texts),
    ]),
  );
}

function textsOf(words: object, path = ''): Map<string, string> {
  return new Map(
    Object.entries(words).flatMap(([key, value]): (readonly [string, string])[] =>
      typeof value === 'string' ? [[`${path}${key}`, value]] : [...textsOf(value, `${path}${key}.`)],
    ),
  );
}
