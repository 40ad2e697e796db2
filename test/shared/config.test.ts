// Configuration: flags before environment before file before defaults, and every error at once.
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig, unknownEnvironment } from '../../shared/config/load.ts';
import {
  bytes,
  duration,
  flag,
  integer,
  list,
  option,
  port,
  secret,
  text,
} from '../../shared/config/option.ts';
import { whyOpen } from '../../shared/config/secret-file.ts';
import { formatBytes, formatDuration, parseDuration, spellCount } from '../../shared/config/units.ts';

const options = {
  port: option(port(), 9000, 'a port'),
  maxAgeMs: option(duration(1000), 3_600_000, 'an age'),
  memoryBytes: option(bytes(), 0, 'memory'),
  readOnly: option(flag(), true, 'a switch'),
  names: option(list('names', 'names', /^[a-z]+$/), [], 'some names'),
  capacity: option(integer(1, 10), 4, 'slots'),
  token: secret(text('token', 'at least 16 characters', /^\S{16,}$/), 'a token'),
};

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string, mode = 0o644): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  // Exactly, whatever the umask.
  chmodSync(path, mode);
  return path;
}

describe('loadConfig', () => {
  test('a flag wins over the environment, the environment over the file, the file over the default', () => {
    const path = file('order.yaml', 'port: 3\nmax-age: 3m\ncapacity: 3\n');
    const { config, origin } = loadConfig(options, {
      flags: { port: '1' },
      env: { TMPFLEET_PORT: '2', TMPFLEET_MAX_AGE: '2m' },
      file: path,
    });
    expect(config).toMatchObject({ port: 1, maxAgeMs: 120_000, capacity: 3, readOnly: true });
    expect(origin).toMatchObject({
      port: '--port',
      maxAgeMs: 'TMPFLEET_MAX_AGE',
      capacity: `${path}: capacity`,
      readOnly: 'default',
    });
  });

  test('reads values of YAML types', () => {
    const path = file('kinds.yaml', 'read-only: false\nnames: [a, b]\nmemory: 512m\nmax-age: 90s\n');
    expect(loadConfig(options, { flags: {}, env: {}, file: path }).config).toMatchObject({
      readOnly: false,
      names: ['a', 'b'],
      memoryBytes: 512 * 1024 ** 2,
      maxAgeMs: 90_000,
    });
  });

  test('reports every error at once, with its origin, its value and what was expected', () => {
    const path = file('bad.yaml', 'capactiy: 3\nmemory: lots\n');
    const load = () =>
      loadConfig(options, {
        flags: { port: '99999' },
        env: { TMPFLEET_MAX_AGE: 'soon' },
        file: path,
        rest: ['--prot', '1', 'stray'],
      });
    expect(load).toThrow(
      '--port: invalid value "99999"; expected a port from 0 to 65535 (0 picks a free one)',
    );
    expect(load).toThrow('TMPFLEET_MAX_AGE: invalid value "soon"; expected a time with a unit, such as');
    expect(load).toThrow(`unknown option capactiy in ${path}; did you mean capacity?`);
    expect(load).toThrow(`${path}: memory: invalid value "lots"; expected a size with a unit`);
    expect(load).toThrow('unknown option --prot; did you mean --port?');
    expect(load).toThrow('unexpected argument "stray"');
    expect(load).toThrow(/^6 errors in the configuration:/);
  });

  test('reports a single error in one line', () => {
    expect(() => loadConfig(options, { flags: { capacity: '10x' }, env: {} })).toThrow(
      /^--capacity: invalid value "10x"; expected a whole number from 1 to 10$/,
    );
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['a flag', { maxAge: '90' }],
    ['a number of YAML', { maxAge: 90 }],
    ['a size', { memory: '512' }],
  ])('requires a unit: %s', (_, flags) => {
    expect(() => loadConfig(options, { flags, env: {} })).toThrow(/with a unit/);
  });

  test('needs no unit for 0', () => {
    const { config } = loadConfig(
      { ...options, idle: option(duration(), 1, '') },
      { flags: { idle: '0', memory: 0 }, env: {} },
    );
    expect(config).toMatchObject({ idle: 0, memoryBytes: 0 });
  });

  test('takes a secret from the environment or from a file, and never shows it', () => {
    const path = file('token', 'sixteen-characters-and-more\n', 0o600);
    const value = 'sixteen-characters-and-more';
    for (const sources of [
      { flags: {}, env: { TMPFLEET_TOKEN: value } },
      { flags: {}, env: { TMPFLEET_TOKEN_FILE: path } },
      { flags: { tokenFile: path }, env: {} },
      { flags: {}, env: {}, file: file('with-token.yaml', `token-file: ${path}\n`) },
    ]) {
      expect(loadConfig(options, sources).config.token).toBe(value);
    }
    const load = () => loadConfig(options, { flags: {}, env: { TMPFLEET_TOKEN: 'short-secret' } });
    expect(load).toThrow(/TMPFLEET_TOKEN: invalid value \(not shown\)/);
    expect(load).not.toThrow(/short-secret/);
  });

  test.each([0o640, 0o604, 0o644, 0o602, 0o777])(
    'refuses a secret in a file with mode %o, with what to type',
    (mode) => {
      const path = file('open', 'sixteen-characters-and-more\n', mode);
      const yaml = file('open.yaml', 'token: sixteen-characters-and-more\n', mode);
      for (const [sources, open] of [
        [{ flags: { tokenFile: path }, env: {} }, path],
        [{ flags: {}, env: { TMPFLEET_TOKEN_FILE: path } }, path],
        [{ flags: {}, env: {}, file: yaml }, yaml],
      ] as const) {
        const load = () => loadConfig(options, sources);
        expect(load).toThrow(
          `can be read by other users of this host (mode 0${mode.toString(8)}); type: chmod 600 ${open}`,
        );
        expect(load).not.toThrow(/sixteen/);
      }
      const env = { CREDENTIALS_DIRECTORY: dir };
      expect(loadConfig(options, { flags: { tokenFile: path }, env }).config.token).toMatch(/^sixteen/);
    },
  );

  test('takes a file of root’s that its group can read from a process that is not root', () => {
    const path = file('by-group', 'x', 0o640);
    const isRoots = statSync(path).uid === 0;
    expect(whyOpen(path, { uid: 1000 }) === undefined).toBe(isRoots);
    expect(whyOpen(path, { uid: 0 })).toContain('chmod 600');
    expect(whyOpen(file('by-all', 'x', 0o644), { uid: 1000 })).toContain('chmod 600');
  });

  test('reports a file that cannot be read', () => {
    expect(() => loadConfig(options, { flags: {}, env: {}, file: join(dir, 'none.yaml') })).toThrow(
      /none\.yaml.*ENOENT/,
    );
    expect(() => loadConfig(options, { flags: {}, env: {}, file: file('broken.yaml', 'a: [') })).toThrow(
      /as YAML/,
    );
    expect(() => loadConfig(options, { flags: { tokenFile: join(dir, 'none') }, env: {} })).toThrow(
      /token-file.*none/,
    );
  });

  test('warns of unknown TMPFLEET_ variables, with a suggestion', () => {
    const env = { TMPFLEET_PROT: '1', TMPFLEET_PORT: '1', TMPFLEET_TOKEN_FILE: 'x', OTHER: '1' };
    expect(unknownEnvironment(env, options)).toEqual([
      'unknown variable TMPFLEET_PROT is ignored; did you mean TMPFLEET_PORT?',
    ]);
    expect(
      unknownEnvironment({ TMPFLEET_FRONT: 'x', TMPFLEET_NODE: 'x', TMPFLEET_CONFIG: 'x' }, options),
    ).toEqual([]);
  });
});

describe('units', () => {
  test.each([
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['0', 0],
  ])('reads %s', (spelt, ms) => expect(parseDuration(spelt)).toBe(ms));

  test.each(['-5m', '10', 'soon'])('returns %s, which is not a time, as it is', (text) =>
    expect(parseDuration(text)).toBe(text),
  );

  test('one thing has no plural', () => {
    expect([0, 1, 2].map((count) => spellCount(count, 'node'))).toEqual(['0 nodes', '1 node', '2 nodes']);
    expect([1, 2].map((count) => spellCount(count, 'warm sandbox'))).toEqual([
      '1 warm sandbox',
      '2 warm sandboxes',
    ]);
    expect(spellCount(3, 'process')).toBe('3 processes');
  });

  test('writes the shortest exact spelling', () => {
    expect([0, 90_000, 3_600_000, 1500].map(formatDuration)).toEqual(['0s', '90s', '1h', '1500ms']);
    expect([512 * 1024 ** 2, 1000].map(formatBytes)).toEqual(['512m', '1000b']);
  });
});
