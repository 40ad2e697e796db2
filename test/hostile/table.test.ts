// docs/hostile-sandboxes.md names tests that exist, and every test of this folder.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ROWS = readFileSync(join(ROOT, 'docs/hostile-sandboxes.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, file, name] = /\| `(test\/[^`]+)`: (.+) \|$/.exec(line) ?? [];
    return file === undefined || name === undefined ? [] : [{ file, name }];
  });

/** Titles as in the source; `%s` in the title of a table matches anything. */
function titlesIn(file: string): readonly RegExp[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const found = source.matchAll(
    /\b(?:test|it)(?:\.each\([\s\S]*?\n?\])?\)?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g,
  );
  return [...found].map(([, , title = '']) => {
    const plain = title.replaceAll(/\\(.)/g, '$1').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`^${plain.replaceAll(/%[sj]|\\\$\\?\w+/g, '.+')}$`);
  });
}

test('names tests that exist', () => {
  expect(ROWS.length).toBeGreaterThan(40);
  for (const { file, name } of ROWS) {
    expect([file, name, titlesIn(file).some((title) => title.test(name))]).toEqual([file, name, true]);
  }
});

test('names every test of this folder', () => {
  const files = readdirSync(join(ROOT, 'test/hostile')).filter((name) => name !== 'table.test.ts');
  for (const file of files.map((name) => `test/hostile/${name}`)) {
    const named = ROWS.filter((row) => row.file === file).map(({ name }) => name);
    for (const title of titlesIn(file)) {
      expect([file, title.source, named.some((name) => title.test(name))]).toEqual([
        file,
        title.source,
        true,
      ]);
    }
  }
});
