import { expect, test } from 'vitest';
import { fillIn, languageOf } from '../../../shared/words/language.ts';

test.each([
  ['de-AT,de;q=0.9,en;q=0.8', 'de'],
  ['fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5', 'fr'],
  ['pt-BR', 'pt'],
  ['zh-Hans-CN,en;q=0.5', 'zh'],
  ['JA', 'ja'],
  ['nl, es;q=0.4, en;q=0.2', 'es'],
  ['nl', 'en'],
  ['*', 'en'],
  ['de;q=0, en', 'en'],
  ['', 'en'],
  [undefined, 'en'],
])('of %s, readers get %s', (header, language) => {
  expect(languageOf(header)).toBe(language);
});

test.each([
  ',,,;;;q=',
  'de;q=x',
  ';',
  '-',
  'constructor',
  '__proto__,de;q=0.1;q',
  '"',
  'de;a="\\',
  '\u00ff',
  `${'a-'.repeat(8_000)}`,
])('a malformed header gives a language: %.40s', (header) => {
  expect(() => languageOf(header)).not.toThrow();
});

test('a header of 30 KiB is answered as fast as one of a browser', () => {
  const long = 'de,'.repeat(10_000);
  /** Of several, the least: it waits for no other process. */
  const time = (header: string): number => {
    const times = Array.from({ length: 40 }, () => {
      const start = performance.now();
      for (let i = 0; i < 20; i++) languageOf(header);
      return performance.now() - start;
    });
    return Math.min(...times);
  };
  expect(time(long)).toBeLessThan(50 * time('de-AT,de;q=0.9,en;q=0.8'));
});

test('values are put into a text, and an unknown placeholder stays', () => {
  expect(fillIn('{n} of {all}: {what}', { n: 3, all: 8 })).toBe('3 of 8: {what}');
});
