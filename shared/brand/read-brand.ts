// Reads a publisher's directory (`--brand-dir`): `brand.yaml` and the logo that it names. Once, at the start; all that is wrong
// with it is said at once, with file, field and value.
import { join } from 'node:path';
import { throwIfAny } from '../config/load.ts';
import { type ConfigOf, inGroup, option, text } from '../config/option.ts';
import { describeError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { readOperatorFile } from '../operator-file.ts';
import { LANGUAGES } from '../words/language.ts';
import { yaml } from '../yaml.ts';
import { type Brand, OWN_BRAND } from './brand.ts';
import { readWords, type Texts, textProblem, withTexts } from './brand-words.ts';
import { type Colours, LEAST_CONTRAST, lowContrasts, PALETTE, type Palette } from './palette.ts';

export const brandOptions = inGroup('Readers', {
  brandDir: {
    ...option(
      text('dir', 'a directory with a file brand.yaml'),
      '',
      "directory with a publisher's own words, logo and colours for the pages that readers see; see docs/branding.md",
    ),
    whenUnset: 'the look and the words of tmpfleet',
  },
});
export type BrandConfig = ConfigOf<typeof brandOptions>;

const FILE = 'brand.yaml';
const MAX_FILE_BYTES = 256 * 1024;
/** It is part of every page. */
const MAX_LOGO_BYTES = 64 * 1024;
const MAX_LINE = 200;
const MAX_TEXT = 1_000;
const FIELDS = ['name', 'title', 'description', 'footer', 'logo', 'colours', 'words'] as const;
const COLOUR = /^#[0-9a-f]{6}$/i;
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

type Fields = Readonly<Record<string, unknown>>;

/** @throws FleetError `bad-config` that lists every problem */
export function readBrand({ brandDir }: BrandConfig): Brand {
  if (brandDir === '') return OWN_BRAND;
  const problems: string[] = [];
  const brand = parseBrand(brandDir, problems);
  throwIfAny(problems.map((problem) => `brand-dir: ${problem}`));
  return brand;
}

/** What is wrong with the directory; nothing where there is none. */
export function brandProblems({ brandDir }: BrandConfig): readonly string[] {
  const problems: string[] = [];
  if (brandDir !== '') parseBrand(brandDir, problems);
  return problems.map((problem) => `brand-dir: ${problem}`);
}

/** @param problems to which those that are found are added; with any, the result is of no use */
function parseBrand(dir: string, problems: string[]): Brand {
  const path = join(dir, FILE);
  const fields = readFields(path, problems);
  const complain = (problem: string | undefined): void => {
    if (problem !== undefined) problems.push(`${path}: ${problem}`);
  };
  for (const field of Object.keys(fields)) {
    if (FIELDS.some((known) => known === field)) continue;
    const [near] = nearest(field, FIELDS);
    complain(`${field}: unknown key${near === undefined ? '' : `; did you mean ${near}?`}`);
  }
  const line = (field: string, maxLength: number): string => {
    const value = fields[field];
    if (value === undefined) return '';
    complain(textProblem(field, value, maxLength));
    return String(value);
  };
  const name = line('name', MAX_LINE);
  const footer = line('footer', MAX_TEXT);
  const everywhere = Object.entries({
    'launch.title': line('title', MAX_LINE),
    'launch.description': line('description', MAX_TEXT),
  }).filter(([, value]) => value !== '');
  if (fields.logo !== undefined && name === '') complain('logo: needs a name, for readers who do not see it');
  const logo = fields.logo === undefined ? '' : readLogo(dir, fields.logo, complain);
  const palette = readPalette(group(fields, 'colours', complain), complain);
  const { words, problems: wrong } = readWords(group(fields, 'words', complain));
  for (const problem of wrong) complain(problem);
  const editions = new Map(
    LANGUAGES.map((language) => {
      const texts: Texts = new Map([...everywhere, ...(words.get(language) ?? [])]);
      return [language, withTexts(language, texts)];
    }),
  );
  return {
    look: { name, logo, footer, palette },
    wordsIn: (language) => editions.get(language) ?? OWN_BRAND.wordsIn(language),
  };
}

function readFields(path: string, problems: string[]): Fields {
  try {
    const value: unknown = yaml().parse(readOperatorFile(path, MAX_FILE_BYTES).toString());
    if (value === null) return {};
    if (isRecord(value)) return value;
    throw new Error('it is not a list of names and values');
  } catch (error) {
    problems.push(`${JSON.stringify(path)} cannot be read: ${describeError(error)}`);
    return {};
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Complain = (problem: string | undefined) => void;

function group(fields: Fields, field: string, complain: Complain): Fields {
  const { [field]: value = {} } = fields;
  if (isRecord(value)) return value;
  complain(`${field}: invalid value ${JSON.stringify(value)?.slice(0, 100)}; expected names and values`);
  return {};
}

/** As a `data:` address. An SVG in an `<img>` runs no script and loads nothing. */
function readLogo(dir: string, given: unknown, complain: Complain): string {
  const file = String(given);
  const isSvg = /\.svg$/i.test(file);
  if ((!isSvg && !/\.png$/i.test(file)) || /[\\/]/.test(file)) {
    complain(
      `logo: invalid value ${JSON.stringify(given)}; expected the name of a .svg or .png file in this directory`,
    );
    return '';
  }
  try {
    const bytes = readOperatorFile(join(dir, file), MAX_LOGO_BYTES);
    const isWhatItSays = isSvg
      ? /<svg[\s>]/.test(bytes.toString('utf8'))
      : bytes.subarray(0, 8).equals(PNG_SIGNATURE);
    if (!isWhatItSays) complain(`logo: ${JSON.stringify(file)} is no ${isSvg ? 'SVG' : 'PNG'} picture`);
    return `data:image/${isSvg ? 'svg+xml' : 'png'};base64,${bytes.toString('base64')}`;
  } catch (error) {
    complain(`logo: ${JSON.stringify(file)} cannot be read: ${describeError(error)}`);
    return '';
  }
}

function readPalette(given: Fields, complain: Complain): Palette {
  for (const scheme of Object.keys(given)) {
    if (scheme !== 'light' && scheme !== 'dark')
      complain(`colours.${scheme}: unknown key; expected light or dark`);
  }
  return { light: readColours(given, 'light', complain), dark: readColours(given, 'dark', complain) };
}

function readColours(given: Fields, scheme: 'light' | 'dark', complain: Complain): Colours {
  const ours = PALETTE[scheme];
  const theirs: Record<string, string> = {};
  for (const [name, value] of Object.entries(
    group(given, scheme, (problem) => complain(problem && `colours.${problem}`)),
  )) {
    const field = `colours.${scheme}.${name}`;
    if (!Object.hasOwn(ours, name)) {
      const [near] = nearest(name, Object.keys(ours));
      const hint = near === undefined ? `there are ${Object.keys(ours).join(', ')}` : `did you mean ${near}?`;
      complain(`${field}: unknown colour; ${hint}`);
    } else if (typeof value !== 'string' || !COLOUR.test(value)) {
      complain(`${field}: invalid value ${JSON.stringify(value)}; expected a colour such as "#0b57d0"`);
    } else theirs[name] = value.toLowerCase();
  }
  const colours = { ...ours, ...theirs };
  for (const { text, behind, contrast } of lowContrasts(colours)) {
    const where = `colours.${scheme}.${Object.hasOwn(theirs, text) ? text : behind}`;
    complain(
      `${where}: text in ${text} (${colours[text]}) on ${behind} (${colours[behind]}) has a contrast of ${contrast}; expected ${LEAST_CONTRAST} or more`,
    );
  }
  return colours;
}
