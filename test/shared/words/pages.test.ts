// The words of our pages come from the catalogue, all of them: each page is made once with marks in place of the words.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type PageMaker, renderPage } from '../../../shared/http/page.ts';
import { type Words, wordsIn } from '../../../shared/words/catalogue.ts';
import { LANGUAGES } from '../../../shared/words/language.ts';
import { READER_PAGES } from '../../support/reader-pages.ts';

/** Areas whose words pages show; the others are for scripts. */
const PAGE_AREAS = ['launch', 'limits', 'line', 'node', 'notebook', 'unavailable'] as const;

/** Each text replaced by its own path: `‹1.launch.title›`, and by nothing else. */
function marked(words: object, path: string, marks: string[]): object {
  return Object.fromEntries(
    Object.entries(words).map(([key, value]) => {
      if (typeof value !== 'string') return [key, marked(value, `${path}.${key}`, marks)];
      marks.push(`‹${path}.${key}›`);
      return [key, `‹${path}.${key}›`];
    }),
  );
}

const marks: string[] = [];
const words = Object.fromEntries(
  Object.entries(wordsIn('en')).map(([area, texts]) => [
    area,
    marked(texts, area, (PAGE_AREAS as readonly string[]).includes(area) ? marks : []),
  ]),
) as Words;
const pages = Object.entries(READER_PAGES);
const render = (make: PageMaker): string => renderPage(make({ language: 'en', words }));

/** What a person reads of a page: its texts, and the attributes that are read out or shown. */
function readable(html: string): string {
  const attributes = [...html.matchAll(/\s(?:title|alt|aria-label|placeholder|content)="([^"]*)"/g)];
  const visible = html.replaceAll(/<(script|style)\b.*?<\/\1>/gs, '').replaceAll(/<[^>]*>/g, ' ');
  return [visible, ...attributes.map(([, text]) => text)].join('\n');
}

/** What is no language: addresses, times, and what `<meta>` says to machines. */
const FOR_MACHINES =
  /width=device-width, initial-scale=1|noindex|website|summary(_large_image)?|https?:\S*|\d+(; url=\S*)?|&#\d+;/g;

test.each(pages)('%s: shows no word that is not of the catalogue', (_, make) => {
  const rest = readable(render(make))
    .replaceAll(/‹[^›]*›/g, '')
    .replaceAll(FOR_MACHINES, '');
  expect(rest.match(/\p{L}+/gu)).toBeNull();
});

test('every word for pages is shown by a page, or by its script', () => {
  const all = pages.map(([, make]) => render(make)).join('\n');
  expect(marks.filter((mark) => !all.includes(mark))).toEqual([]);
});

test('every file that makes a page for readers is in the table', () => {
  const files = ['node-agent', 'redirector', 'shared'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
  );
  const makers = files.filter(
    (file) => file.endsWith('.ts') && /: PageMaker\b[^;]*(\{|=>)/.test(readFileSync(file, 'utf8')),
  );
  const table = readFileSync('test/support/reader-pages.ts', 'utf8');
  expect(makers.filter((file) => !table.includes(file) && !/^shared\/http\//.test(file))).toEqual([]);
  expect(makers.length).toBeGreaterThan(6);
});

test.each(LANGUAGES)('in %s: every page says which language it is in', (language) => {
  for (const [, make] of pages) {
    const edition = { language, words: wordsIn(language) };
    expect(renderPage({ language, ...make(edition) })).toContain(`<html lang="${language}">`);
  }
});
