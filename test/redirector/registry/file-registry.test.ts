// The registry file: whole on disk, read again when it is edited, and written again when it is corrupt.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileRegistry } from '../../../redirector/registry/file-registry.ts';
import type { OwnedRegistry } from '../../../redirector/registry/registry.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logging.ts';
import type { Member } from '../../../shared/protocol/wire.ts';
import { until } from '../../support/until.ts';
import { silent } from '../support.ts';

let dir: string;
let path: string;
let registry: OwnedRegistry;

const A = { id: 'a', url: 'https://a.invalid' };
const B = { id: 'b', url: 'https://b.invalid' };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-registry-'));
  path = join(dir, 'nodes.json');
  registry = open();
});

afterEach(async () => {
  await registry.close();
  rmSync(dir, { recursive: true, force: true });
});

const open = (logger: Logger = silent): OwnedRegistry =>
  openFileRegistry({ path, logger, clock: systemClock });
/** The messages of a registry's log, from `level` up. */
const openLogged = (level: 'error' | 'warn'): { lines: string[]; registry: OwnedRegistry } => {
  const lines: string[] = [];
  return { lines, registry: open(pino({ level }, { write: (line) => lines.push(line) })) };
};
const reopened = (): readonly Member[] => {
  const other = open();
  void other.close();
  return other.membership.members();
};
/** Saves as good editors do: a new file, renamed over the old one. */
const byHand = (text: string): void => {
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
};

describe('the registry', () => {
  test('starts empty', () => {
    expect(registry.membership.members()).toEqual([]);
  });

  test('keeps additions and removals across restarts, and leaves no half-written file', async () => {
    await registry.membership.add(A);
    await registry.membership.add(B);
    expect(await registry.membership.remove('a')).toBe(true);
    expect(await registry.membership.remove('a')).toBe(false);
    expect(reopened()).toEqual([B]);
    expect(readdirSync(dir)).toEqual(['nodes.json']);
  });

  test('applies many changes at once without losing one', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        registry.membership.add({ id: `n${index}`, url: `http://n${index}.invalid` }),
      ),
    );
    expect(reopened().length).toBe(40);
  });

  test('has each id and each address once', async () => {
    await registry.membership.add(A);
    await expect(registry.membership.add({ id: 'a', url: B.url })).rejects.toMatchObject({
      code: 'already-exists',
    });
    await expect(registry.membership.add({ id: 'b', url: `${A.url}/` })).rejects.toMatchObject({
      code: 'already-exists',
    });
    expect(registry.membership.members()).toEqual([A]);
  });

  test('notifies watchers of every change, by order or by edit', async () => {
    const seen: (readonly Member[])[] = [];
    registry.membership.watch((members) => seen.push(members));
    await registry.membership.add(A);
    expect(seen).toEqual([[A]]);
    await until('the edit is read', () => {
      byHand(JSON.stringify({ nodes: [A, { ...B, url: `${B.url}/` }] }));
      return seen.length === 2;
    });
    expect(seen[1]).toEqual([A, B]);
  });

  test('keeps the last nodes when an edit corrupts the file, and reads the repaired file', async () => {
    await registry.close();
    const { lines, registry: logged } = openLogged('error');
    registry = logged;
    await until('it watches', () => {
      byHand(JSON.stringify({ nodes: [A] }));
      return registry.membership.members().length === 1;
    });
    const corrupt = [
      { text: '{"nodes": [', why: /not JSON/ },
      { text: '', why: /not JSON/ },
      { text: '{"nodes": 7}', why: /nodes: .*7/ },
      { text: '{"nodes":[{"id":"../x","url":"https://b"}]}', why: /nodes\.0\.id/ },
      { text: JSON.stringify({ nodes: [A, { ...B, url: A.url }] }), why: /url .* is there twice/ },
    ];
    for (const [index, { text, why }] of corrupt.entries()) {
      byHand(text);
      await until(
        'the log has it',
        () => why.test(registry.recovery.status().why ?? '') && lines.length > index,
      );
      expect(registry.recovery.status().state).toBe('lost');
      expect(registry.membership.members()).toEqual([A]);
    }
    byHand(JSON.stringify({ nodes: [B] }));
    await until('the repaired file is read', () => registry.membership.members()[0]?.id === 'b');
    expect(registry.recovery.status()).toMatchObject({ state: 'current', why: undefined });
    expect(lines.length).toBe(corrupt.length);
  });

  test('takes an edit just before an order into account', async () => {
    await registry.membership.add(A);
    byHand(JSON.stringify({ nodes: [B] }));
    await registry.membership.add({ id: 'c', url: 'https://c.invalid' });
    expect(reopened().map(({ id }) => id)).toEqual(['b', 'c']);
  });

  for (const order of ['add', 'remove', 'restore'] as const) {
    test(`replaces a corrupt file with the next order (${order}), and keeps a copy beside it`, async () => {
      await registry.close();
      const { lines, registry: logged } = openLogged('warn');
      registry = logged;
      await registry.membership.add(A);
      await registry.membership.add(B);
      byHand('{"nodes": [');
      if (order === 'add') await registry.membership.add({ id: 'c', url: 'https://c.invalid' });
      else if (order === 'remove') expect(await registry.membership.remove('b')).toBe(true);
      else await registry.recovery.restore();
      const expected = { add: ['a', 'b', 'c'], remove: ['a'], restore: ['a', 'b'] }[order];
      expect(reopened().map(({ id }) => id)).toEqual(expected);
      expect(registry.membership.members().map(({ id }) => id)).toEqual(expected);
      expect(registry.recovery.status().state).toBe('current');
      const [copy = '', ...others] = readdirSync(dir).filter((name) => name !== 'nodes.json');
      expect(others).toEqual([]);
      expect(copy).toMatch(/^nodes\.json\.corrupt-\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z$/);
      expect(readFileSync(join(dir, copy), 'utf8')).toBe('{"nodes": [');
      expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
        expect.stringContaining('cannot be used; going on with the nodes last known'),
        expect.stringContaining('the corrupt registry is kept'),
      ]);
    });
  }

  test('does not replace a corrupt file when an operator accepts the registry', async () => {
    await registry.membership.add(A);
    byHand('{"nodes": [');
    await expect(registry.recovery.accept()).rejects.toMatchObject({
      code: 'conflict',
      remedy: expect.stringContaining('registry restore --force'),
    });
    expect(readFileSync(path, 'utf8')).toBe('{"nodes": [');
  });

  test('notices an edit however soon after the start it comes', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const fresh = open();
      byHand(JSON.stringify({ nodes: [{ ...A, id: `a${turn}` }] }));
      await until('the edit is read', () => fresh.membership.members()[0]?.id === `a${turn}`, 3_000);
      await fresh.close();
    }
  });

  test('refuses to start on a corrupt file: an empty fleet would be a guess', () => {
    writeFileSync(join(dir, 'nodes.json'), 'oops');
    expect(() => open()).toThrow(/nodes\.json.*not JSON/);
  });
});
