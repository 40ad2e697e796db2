// A publisher's directory: what its pages become, and what is said about a faulty one.
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { type Brand, editionFor } from '../../../shared/brand/brand.ts';
import { contrast, lowContrasts, PALETTE } from '../../../shared/brand/palette.ts';
import { brandProblems, readBrand } from '../../../shared/brand/read-brand.ts';
import { pageHeaders, renderPage } from '../../../shared/http/page.ts';
import { BRAND, makeBrandDir } from '../../support/brand-dir.ts';
import { READER_PAGES } from '../../support/reader-pages.ts';

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});
const dirOf = (...given: Parameters<typeof makeBrandDir>): string => {
  const dir = makeBrandDir(...given);
  dirs.push(dir);
  return dir;
};
const launch = (brand: Brand, language: string): string => {
  const edition = editionFor({ 'accept-language': language }, brand);
  const page = READER_PAGES.launch?.(edition);
  if (page === undefined) throw new Error('there is no launch page');
  return renderPage({ ...edition, ...page });
};
/** Without the directory, which differs each time. */
const problems = (...given: Parameters<typeof makeBrandDir>): readonly string[] => {
  const dir = dirOf(...given);
  return brandProblems({ brandDir: dir }).map((problem) => problem.replaceAll(dir, 'DIR'));
};

describe('a page of a publisher', () => {
  test('has their name, logo, colours, words and footer, escaped', () => {
    const brand = readBrand({ brandDir: dirOf() });
    const page = launch(brand, 'en');
    expect(page).toMatch(
      /<header><img src="data:image\/svg\+xml;base64,[\w+/=]+" alt=""><span>The Journal of &#60;Small&#62; Experiments<\/span><\/header>/,
    );
    expect(page).toContain('<footer>Questions? Write to figures@example-journal.org</footer>');
    expect(page).toMatch(/:root \{ color-scheme: light dark; .*--paper: #eef3fb;.*--accent: #0b57d0;/);
    expect(page).toMatch(/dark\) \{ :root \{ .*--accent: #8ab4f8; --on-accent: #0b1a33;/);
    expect(page).toContain('<h1>Try &#34;Figure 1&#34;</h1><p>A live figure &#38; all of its data.</p>');
    expect(page).toContain('<button>Open my notebook</button>');
  });

  test('has their words in the languages that they give, and ours in the others', () => {
    const brand = readBrand({ brandDir: dirOf() });
    const german = launch(brand, 'de-AT');
    expect(german).toContain('<h1>Abbildung 1</h1><p>A live figure &#38; all of its data.</p>');
    expect(german).toContain('<button>Abbildung öffnen</button>');
    expect(launch(brand, 'ja')).toContain('<button>ノートブックを開く</button>');
    expect(brand.wordsIn('fr').embed.label).toBe('Ouvrir la figure');
    expect(brand.wordsIn('fr').embed.close).toBe('Fermer');
  });

  test('may load and run no more than ours', () => {
    const edition = editionFor({}, readBrand({ brandDir: dirOf() }));
    const ours = READER_PAGES.launch?.(editionFor({}));
    const theirs = READER_PAGES.launch?.(edition);
    if (ours === undefined || theirs === undefined) throw new Error('there is no launch page');
    expect(pageHeaders(theirs, 'x')['content-security-policy']).toBe(
      pageHeaders(ours, 'x')['content-security-policy'],
    );
  });

  test('is ours without a directory, and with an empty file', () => {
    expect(launch(readBrand({ brandDir: '' }), 'en')).not.toContain('<header>');
    expect(launch(readBrand({ brandDir: dirOf('') }), 'en')).toContain('<h1>A live notebook</h1>');
  });
});

describe('a faulty directory', () => {
  test.each<[string, unknown, string]>([
    ['an unknown field', { nmae: 'x' }, 'DIR/brand.yaml: nmae: unknown key; did you mean name?'],
    [
      'an empty text',
      { footer: ' ' },
      'DIR/brand.yaml: footer: invalid value " "; expected a text of up to 1000 characters',
    ],
    [
      'a number',
      { name: 7 },
      'DIR/brand.yaml: name: invalid value 7; expected a text of up to 200 characters',
    ],
    [
      'an unknown language',
      { words: { nl: {} } },
      'DIR/brand.yaml: words.nl: unknown language; there are en, de, fr, es, pt, zh, ja',
    ],
    [
      'an unknown word',
      { words: { de: { 'launch.opn': 'x' } } },
      'DIR/brand.yaml: words.de.launch.opn: unknown key; did you mean launch.open?',
    ],
    [
      'a placeholder that we do not fill',
      { words: { de: { 'launch.open': '{n} öffnen' } } },
      'DIR/brand.yaml: words.de.launch.open: its placeholders are "{n}"; expected none',
    ],
    [
      'words that are no list',
      { words: { de: 'x' } },
      'DIR/brand.yaml: words.de: expected texts by key, such as "launch.open: Open the figure"',
    ],
    [
      'a colour in words',
      { colours: { light: { accent: 'red' } } },
      'DIR/brand.yaml: colours.light.accent: invalid value "red"; expected a colour such as "#0b57d0"',
    ],
    [
      'a colour that is a script',
      { colours: { light: { accent: '#fff;}</style><script>' } } },
      'DIR/brand.yaml: colours.light.accent: invalid value "#fff;}</style><script>"; expected a colour such as "#0b57d0"',
    ],
    [
      'an unknown colour',
      { colours: { dark: { acent: '#ffffff' } } },
      'DIR/brand.yaml: colours.dark.acent: unknown colour; did you mean accent?',
    ],
    [
      'an unknown scheme',
      { colours: { dim: {} } },
      'DIR/brand.yaml: colours.dim: unknown key; expected light or dark',
    ],
    [
      'a logo elsewhere',
      { name: 'x', logo: '../logo.svg' },
      'DIR/brand.yaml: logo: invalid value "../logo.svg"; expected the name of a .svg or .png file in this directory',
    ],
    [
      'a logo without a name',
      { logo: 'logo.svg' },
      'DIR/brand.yaml: logo: needs a name, for readers who do not see it',
    ],
    [
      'a logo of another kind',
      { name: 'x', logo: 'fake.png' },
      'DIR/brand.yaml: logo: "fake.png" is no PNG picture',
    ],
    [
      'a large logo',
      { name: 'x', logo: 'large.svg' },
      'DIR/brand.yaml: logo: "large.svg" cannot be read: it is longer than 65536 bytes',
    ],
  ])('%s is reported with file, field and value', (_, brand, problem) => {
    const files = { 'fake.png': 'GIF89a', 'large.svg': Buffer.alloc(65_537) };
    expect(problems(brand, files)).toEqual([`brand-dir: ${problem}`]);
  });

  test('text that could not be read is reported with its contrast', () => {
    expect(problems({ colours: { light: { accent: '#ffcc00' } } })).toEqual([
      'brand-dir: DIR/brand.yaml: colours.light.accent: text in accent (#ffcc00) on card (#ffffff) has a contrast of 1.5; expected 4.5 or more',
      'brand-dir: DIR/brand.yaml: colours.light.accent: text in on-accent (#ffffff) on accent (#ffcc00) has a contrast of 1.5; expected 4.5 or more',
    ]);
  });

  test('a missing file, a faulty one and a missing logo are told', () => {
    expect(brandProblems({ brandDir: '/nowhere' })).toEqual([
      expect.stringMatching(/^brand-dir: "\/nowhere\/brand\.yaml" cannot be read: .*ENOENT/),
    ]);
    expect(problems('a: [')).toEqual([
      expect.stringMatching(/^brand-dir: "DIR\/brand\.yaml" cannot be read: /),
    ]);
    expect(problems('- a')).toEqual([
      'brand-dir: "DIR/brand.yaml" cannot be read: it is not a list of names and values',
    ]);
    expect(problems({ name: 'x', logo: 'no.svg' })).toEqual([
      expect.stringMatching(/logo: "no\.svg" cannot be read: .*ENOENT/),
    ]);
  });

  test('everything that is wrong is reported at once, and stops the start', () => {
    const brandDir = dirOf({ ...BRAND, nmae: 'x', colours: { light: { accent: 'red' } } });
    expect(() => readBrand({ brandDir })).toThrow(/2 errors in the configuration/);
  });
});

test('contrast is that of WCAG', () => {
  expect(contrast('#ffffff', '#000000')).toBeCloseTo(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  expect([PALETTE.light, PALETTE.dark].flatMap(lowContrasts)).toEqual([]);
});
