// `redirector --data-dir /proc/x` used a whole core and ignored SIGTERM: Node's recursive mkdir never ends where
// the parent exists but takes no directories. A directory that was not writable was blamed on `nodes.json`, and a full
// disk was noticed at the first change of the registry only.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

let root = '';
let disk = '';
let run: Run | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tmpfleet-unusable-'));
  disk = join(root, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
});
afterEach(async () => {
  run?.process.kill('SIGKILL');
  await run?.ended;
  execFileSync('umount', ['--lazy', disk]);
  rmSync(root, { recursive: true, force: true });
});

const CASES: readonly {
  readonly what: string;
  readonly path: () => string;
  readonly words: RegExp;
}[] = [
  { what: 'that cannot be made', path: () => '/proc/x', words: /"\/proc\/x" cannot be made: "\/proc" takes/ },
  {
    what: 'on a read-only disk',
    path: () => {
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      return disk;
    },
    words: /is on a read-only file system; mount it read-write/,
  },
  {
    what: 'on a full disk',
    path: () => {
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize));
      return disk;
    },
    words: /is on a full disk; free some space/,
  },
  {
    what: 'that is a link to a mount that is missing',
    path: () => {
      symlinkSync(join(root, 'missing-mount', 'front'), join(root, 'link'));
      return join(root, 'link');
    },
    words: /is a symbolic link to ".*missing-mount\/front", which does not exist/,
  },
];

describe('a redirector with a data directory', () => {
  for (const { what, path, words } of CASES) {
    test(`${what} says so and exits with 2`, async () => {
      const args = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', path()];
      run = tmpfleet(['redirector', ...args]);
      let code: number | string | undefined;
      void run.ended.then((ended) => {
        code = ended;
      });
      await until('it has ended', () => code !== undefined);
      expect(code).toBe(2);
      expect(run.output()).toMatch(words);
      expect(run.output().trim().split('\n')).toHaveLength(1);
    });
  }
});
