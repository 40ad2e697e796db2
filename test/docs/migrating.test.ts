// docs/migrating.md lists the names of other programs with the same replacements as the error messages.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { redirectorOptions } from '../../redirector/config.ts';
import { OTHER_NAMES, type OtherName } from '../../shared/config/foreign-names.ts';
import { kebab } from '../../shared/config/option-names.ts';
import { explainUnknown } from '../../shared/config/unknown.ts';

const document = readFileSync(new URL('../../docs/migrating.md', import.meta.url), 'utf8');
const flags = new Set(Object.keys({ ...nodeAgentOptions, ...redirectorOptions }).map(kebab));

function rowOf({ names, option, note = '' }: OtherName): string {
  const theirs = names.map((name) => `\`--${name}\``).join(', ');
  return `| ${theirs} | ${option === undefined ? 'none' : `\`--${option}\``} | ${note} |`;
}

describe.each(Object.entries(OTHER_NAMES).filter(([, rows]) => rows.length > 0))('%s', (program, rows) => {
  test('has its table in docs/migrating.md, row by row', () => {
    const section = document.split(/^## /m).find((each) => each.startsWith(`Options of ${program}\n`)) ?? '';
    const table = section.split('\n').filter((line) => line.startsWith('| `'));
    expect(table).toEqual(rows.map(rowOf));
  });

  test('names only options that exist here', () => {
    expect(rows.flatMap(({ option }) => option ?? []).filter((option) => !flags.has(option))).toEqual([]);
  });
});

test('every name without an option here is explained', () => {
  const all = Object.values(OTHER_NAMES)
    .flat()
    .flatMap(({ names }) => names);
  const options = { ...nodeAgentOptions, ...redirectorOptions };
  expect(all.filter((name) => explainUnknown(`--${name}`, 'flag', options) === '')).toEqual([]);
});

test.each([
  ['--cull_timeout', 'flag', '; tmpfleet calls it --idle (give a unit: 3600 becomes 1h or 3600s)'],
  ['pool_size', 'key', '; tmpfleet calls it capacity'],
  ['TMPFLEET_MEM_LIMIT', 'variable', '; tmpfleet calls it TMPFLEET_MEMORY'],
  ['--pid-file', 'flag', '; not needed: systemd or the container engine knows the process'],
  ['--api-ip', 'flag', '; tmpfleet calls it --control-host'],
] as const)('%s is explained', (name, spelling, hint) => {
  expect(explainUnknown(name, spelling, nodeAgentOptions)).toBe(hint);
});
