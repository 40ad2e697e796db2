// The journal: after a crash at any point it has exactly the claims that readers were given.
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from '../../../node-agent/sandboxes/claim-journal.ts';
import type { Sandbox } from '../../../node-agent/sandboxes/table.ts';

const logger = pino({ level: 'silent' });
let dir = '';
const path = () => join(dir, 'journal.jsonl');
const open = () => new Journal(dir, logger);

function sandbox(n: number, claimed: boolean): Sandbox {
  return {
    id: `sandbox-number-${String(n).padStart(4, '0')}`,
    token: 't',
    createdAt: 1,
    state: claimed ? 'claimed' : 'warm',
    address: undefined,
    image: 'i',
    key: claimed ? `owner-${n}-of-many` : undefined,
    claimedBy: claimed ? 'reader' : undefined,
    cookies: new Set(),
    claimedAt: claimed ? 100 + n : undefined,
    lastUse: undefined,
    recipe: 'r',
    answeredAt: undefined,
    endReason: undefined,
  };
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-journal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the journal', () => {
  test('has a claim on disk when its promise resolves', async () => {
    const journal = open();
    await journal.claim(sandbox(1, true));
    expect(readFileSync(path(), 'utf8')).toContain('owner-1-of-many');
    await journal.close();
  });

  test('knows after a restart which are claimed, which are proven unclaimed, and which have ended', async () => {
    const journal = open();
    journal.warm(sandbox(1, false));
    journal.warm(sandbox(2, false));
    journal.warm(sandbox(3, false));
    await journal.claim(sandbox(2, true));
    journal.use(sandbox(2, true).id, 777);
    journal.end(sandbox(3, false).id);
    await journal.close();
    const again = open();
    expect(again.recorded.size).toBe(2);
    expect(again.recorded.get(sandbox(1, false).id)?.key).toBeUndefined();
    expect(again.recorded.get(sandbox(2, true).id)).toMatchObject({
      key: 'owner-2-of-many',
      claimedBy: 'reader',
      claimedAt: 102,
      lastUse: 777,
    });
    await again.close();
    // And once more, from the file that the restart rewrote.
    const third = open();
    expect(third.recorded.get(sandbox(2, true).id)).toMatchObject({ claimedAt: 102, lastUse: 777 });
    await third.close();
  });

  test('drops history when it is idle, and nothing that still holds', async () => {
    const journal = open();
    await journal.claim(sandbox(0, true));
    for (let n = 1; n <= 100; n += 1) {
      await journal.claim(sandbox(n, true));
      journal.end(sandbox(n, true).id);
    }
    const long = readFileSync(path()).length;
    // The first call checks; so does the second, while the last line is still being written.
    for (let turn = 0; turn < 3; turn += 1) await journal.tidy();
    expect(readFileSync(path(), 'utf8').split('\n')).toHaveLength(2);
    expect(readFileSync(path()).length).toBeLessThan(long / 50);
    await journal.claim(sandbox(101, true));
    await journal.close();
    const again = open();
    expect([...again.recorded.keys()]).toEqual([sandbox(0, true).id, sandbox(101, true).id]);
    await again.close();
  });

  test('keeps every claim whose promise resolved, wherever the file is cut after it', async () => {
    const journal = open();
    await journal.claim(sandbox(1, true));
    const told = readFileSync(path()).length;
    await journal.claim(sandbox(2, true));
    await journal.close();
    const whole = readFileSync(path());
    for (let length = told; length <= whole.length; length += 7) {
      writeFileSync(path(), whole);
      truncateSync(path(), length);
      const again = open();
      expect(again.recorded.has(sandbox(1, true).id), `cut at ${length}`).toBe(true);
      await again.close();
    }
  });

  test('reads an empty file as an empty journal', async () => {
    writeFileSync(path(), '');
    const journal = open();
    expect(journal.recorded.size).toBe(0);
    await journal.close();
  });

  test('proves nothing unclaimed when a line cannot be read, and keeps the damaged file', async () => {
    const journal = open();
    journal.warm(sandbox(1, false));
    await journal.claim(sandbox(2, true));
    await journal.close();
    writeFileSync(path(), `{"op":"cla#im","id"\n${readFileSync(path(), 'utf8')}`);
    const again = open();
    expect([...again.recorded.keys()]).toEqual([sandbox(2, true).id]);
    expect(existsSync(`${path()}.damaged`)).toBe(true);
    await again.close();
  });

  test('holds many claims at once, in few flushes, each of them on disk', async () => {
    const flushes: number[] = [];
    const journal = new Journal(dir, logger, { onFlushed: (seconds) => flushes.push(seconds) });
    await Promise.all(Array.from({ length: 500 }, (_, n) => journal.claim(sandbox(n, true))));
    // All that came while a flush was under way go with the next one.
    expect(flushes.length).toBeLessThan(5);
    expect(flushes.every((seconds) => seconds >= 0)).toBe(true);
    await journal.close();
    const again = open();
    expect(again.recorded.size).toBe(500);
    await again.close();
  });

  test('does not grow without limit', async () => {
    const journal = open();
    for (let n = 0; n < 4_000; n += 1) {
      journal.warm(sandbox(n, false));
      void journal.claim(sandbox(n, true));
      journal.end(sandbox(n, true).id);
      if (n % 100 === 0) await journal.claim(sandbox(9_999, true));
    }
    await journal.claim(sandbox(9_999, true));
    await journal.close();
    const lines = readFileSync(path(), 'utf8').split('\n').length;
    expect(lines).toBeLessThan(6_000);
  });

  test('reports that its directory is a file', () => {
    rmSync(dir, { recursive: true });
    writeFileSync(dir, '');
    expect(open).toThrow(/the journal .* cannot be kept/);
  });
});
