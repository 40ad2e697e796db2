import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CATALOGUE } from '../../../shared/words/catalogue.ts';
import { LANGUAGES } from '../../../shared/words/language.ts';

const AREAS = Object.entries(CATALOGUE);

test('every file of words is part of the catalogue', () => {
  const areas = readdirSync('shared/words').filter((file) => !/^(catalogue|language)\.ts$/.test(file));
  expect(AREAS.map(([area]) => `${area}.ts`).sort()).toEqual(areas.sort());
});

test.each(AREAS)('%s: every language has the same keys and placeholders, and no empty text', (_, words) => {
  const english = placeholdersIn(words.en);
  expect(Object.keys(words)).toEqual([...LANGUAGES]);
  for (const language of LANGUAGES) {
    expect({ language, ...placeholdersIn(words[language]) }).toEqual({ language, ...english });
    expect(textsIn(words[language]).filter(([, text]) => text.trim() === '')).toEqual([]);
  }
});

test.each(AREAS)('%s: every key is used', (_, words) => {
  const code = ['cli', 'node-agent', 'redirector', 'shared']
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
    )
    .filter((file) => file.endsWith('.ts') && !file.startsWith('shared/words/'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const keys = textsIn(words.en).flatMap(([path]) => path.split('.'));
  expect([...new Set(keys)].filter((key) => !new RegExp(`\\b${key}\\b`).test(code))).toEqual([]);
});

/** Paths of keys, such as `full.title`, with their texts. */
function textsIn(words: object, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[`${path}${key}`, value]] : textsIn(value, `${path}${key}.`),
  );
}

function placeholdersIn(words: object): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    textsIn(words).map(([path, text]) => [path, [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort()]),
  );
}
