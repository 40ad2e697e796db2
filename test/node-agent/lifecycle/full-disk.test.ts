// A data directory on a disk that is full or read-only: clear errors, and no sandbox given out without a record.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal } from '../../../node-agent/sandboxes/claim-journal.ts';
import { silentLogger } from '../../contract/defaults.ts';
import { startAgent } from '../../support/agent.ts';

let disk = '';
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'tmpfleet-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
});
afterEach(() => {
  execFileSync('umount', ['--lazy', disk]);
  rmSync(disk, { recursive: true });
});

/** Fills every block of the disk. */
function fill(): string {
  const path = join(disk, 'filler');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(path, Buffer.alloc(bavail * bsize));
  return path;
}

test('a claim that does not fit is refused, and the file holds whole lines afterwards', async () => {
  const journal = new Journal(disk, silentLogger);
  const claim = (n: number): Promise<void> =>
    journal.claim({
      ...{
        id: `sandbox-of-a-full-disk-${n}`,
        token: 't'.repeat(40),
        createdAt: 0,
        state: 'claimed',
        image: 'i',
      },
      ...{
        address: undefined,
        key: 'owner-of-it',
        claimedBy: 'reader',
        cookies: new Set(),
        claimedAt: 1,
        lastUse: undefined,
        endReason: undefined,
        recipe: 'r',
        answeredAt: undefined,
      },
    });
  await claim(0);
  const filler = fill();
  let kept = 0;
  const refused = async (): Promise<boolean> => {
    kept += 1;
    return claim(kept).then(
      () => false,
      () => true,
    );
  };
  while (!(await refused())) expect(kept).toBeLessThan(200);
  const last = kept;
  rmSync(filler);
  await claim(1_000);
  await journal.close();
  const lines = readFileSync(join(disk, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  const ids = lines.map((line) => JSON.parse(line).id);
  for (let n = 0; n < last; n += 1) expect(ids).toContain(`sandbox-of-a-full-disk-${n}`);
  expect(ids).toContain('sandbox-of-a-full-disk-1000');
});

test('a read-only directory is named at the start, with a remedy', async () => {
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  await expect(startAgent({ dataDir: disk })).rejects.toMatchObject({
    code: 'bad-config',
    message: expect.stringContaining(disk),
  });
});
