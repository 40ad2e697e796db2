// The registry file: whole on disk, heeded when it changes by hand, kept from its own mistakes.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileRegistry } from '../../../redirector/registry/file.ts';
import type { Member } from '../../../shared/protocol/wire.ts';
import { until } from '../../support/until.ts';
import { silent } from '../support.ts';

let dir: string;
let path: string;
let registry: FileRegistry;

const A = { id: 'a', url: 'https://a.invalid' };
const B = { id: 'b', url: 'https://b.invalid' };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-registry-'));
  path = join(dir, 'nodes.json');
  registry = new FileRegistry(path, silent);
});

afterEach(async () => {
  await registry.close();
  rmSync(dir, { recursive: true, force: true });
});

const reopened = (): readonly Member[] => new FileRegistry(path, silent).members();
/** As good editors save: whole or not at all. */
const byHand = (text: string): void => {
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
};

describe('the registry', () => {
  test('begins empty', () => {
    expect(registry.members()).toEqual([]);
  });

  test('remembers across restarts what was added and removed, and leaves nothing half-written', async () => {
    await registry.add(A);
    await registry.add(B);
    expect(await registry.remove('a')).toBe(true);
    expect(await registry.remove('a')).toBe(false);
    expect(reopened()).toEqual([B]);
    expect(readdirSync(dir)).toEqual(['nodes.json']);
  });

  test('takes many changes at once without losing one', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        registry.add({ id: `n${index}`, url: `http://n${index}.invalid` }),
      ),
    );
    expect(reopened().length).toBe(40);
  });

  test('has each id and each address once', async () => {
    await registry.add(A);
    await expect(registry.add({ id: 'a', url: B.url })).rejects.toMatchObject({ code: 'already-exists' });
    await expect(registry.add({ id: 'b', url: `${A.url}/` })).rejects.toMatchObject({
      code: 'already-exists',
    });
    expect(registry.members()).toEqual([A]);
  });

  test('tells whoever watches of every change, by call or by hand', async () => {
    const seen: (readonly Member[])[] = [];
    registry.watch((members) => seen.push(members));
    await registry.add(A);
    expect(seen).toEqual([[A]]);
    await until('the edit is heeded', () => {
      byHand(JSON.stringify({ nodes: [A, { ...B, url: `${B.url}/` }] }));
      return seen.length === 2;
    });
    expect(seen[1]).toEqual([A, B]);
  });

  test('goes on with what it knew when an edit breaks it, says so once, and heeds the mended file', async () => {
    await registry.close();
    const complaints: string[] = [];
    registry = new FileRegistry(path, pino({ level: 'error' }, { write: (line) => complaints.push(line) }));
    await until('it watches', () => {
      byHand(JSON.stringify({ nodes: [A] }));
      return registry.members().length === 1;
    });
    const broken = ['{"nodes": [', '{"nodes": 7}', '{"nodes":[{"id":"../x","url":"https://b"}]}'];
    for (const [index, text] of broken.entries()) {
      byHand(text);
      await until('it is complained of', () => complaints.length === index + 1);
      expect(registry.members()).toEqual([A]);
    }
    byHand(JSON.stringify({ nodes: [B] }));
    await until('the mended one is heeded', () => registry.members()[0]?.id === 'b');
    expect(complaints.length).toBe(broken.length);
  });

  test('heeds an edit of the last moment before it writes, and does not write over a broken one', async () => {
    await registry.add(A);
    byHand(JSON.stringify({ nodes: [B] }));
    await registry.add({ id: 'c', url: 'https://c.invalid' });
    expect(reopened().map(({ id }) => id)).toEqual(['b', 'c']);
    byHand('{"nodes": [');
    await expect(registry.remove('b')).rejects.toMatchObject({ code: 'conflict' });
    await expect(registry.add(A)).rejects.toMatchObject({ remedy: expect.stringContaining('mend') });
    expect(readFileSync(path, 'utf8')).toBe('{"nodes": [');
  });

  test('notices an edit however soon after the start it comes', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const fresh = new FileRegistry(path, silent);
      byHand(JSON.stringify({ nodes: [{ ...A, id: `a${turn}` }] }));
      await until('the edit is heeded', () => fresh.members()[0]?.id === `a${turn}`, 3_000);
      await fresh.close();
    }
  });

  test('refuses to start on a file that it cannot understand: an empty fleet would be a wrong guess', () => {
    writeFileSync(join(dir, 'nodes.json'), 'oops');
    expect(() => new FileRegistry(join(dir, 'nodes.json'), silent)).toThrow(/nodes\.json.*not JSON/);
  });
});
