// A data directory is made, or refused with an error that names the fault.
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareDataDir } from '../../shared/data-dir.ts';
import { describeError } from '../../shared/errors.ts';

const NOBODY = 65_534;

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tmpfleet-data-dir-'));
  chmodSync(root, 0o755);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The message of the refusal; the code `bad-config` makes the command exit with 2. */
async function refusal(path: string): Promise<string> {
  const error: unknown = await prepareDataDir(path).then(
    () => undefined,
    (why: unknown) => why,
  );
  expect(error).toMatchObject({ code: 'bad-config' });
  return describeError(error);
}

describe('a data directory', () => {
  test('is made with its parents, for its owner alone, and nothing is left in it', async () => {
    const path = join(root, 'a', 'b');
    await prepareDataDir(path);
    await prepareDataDir(path);
    expect(readdirSync(path)).toEqual([]);
    for (const each of [path, join(root, 'a')]) expect(statSync(each).mode & 0o777).toBe(0o700);
  });

  test('may be a symbolic link to a directory, but not a broken or circular one', async () => {
    symlinkSync(root, join(root, 'good'));
    await prepareDataDir(join(root, 'good'));
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
    expect(await refusal(join(root, 'dangling'))).toMatch(
      /^data-dir: ".*\/dangling" is a symbolic link to ".*\/nowhere", which does not exist; /,
    );
    symlinkSync(join(root, 'loop'), join(root, 'loop'));
    expect(await refusal(join(root, 'loop'))).toMatch(/loop of symbolic links/);
  });

  test('is not a file, nor below one', async () => {
    writeFileSync(join(root, 'file'), '');
    for (const path of ['file', 'file/below'])
      expect(await refusal(join(root, path))).toMatch(/is not a directory/);
  });

  test('is refused below a directory that takes none, where a recursive mkdir never ends', async () => {
    expect(await refusal('/proc/x')).toBe(
      'data-dir: "/proc/x" cannot be made: "/proc" takes no directories; choose another path',
    );
  });

  test('is refused when this user may not write there, or may not make it', async () => {
    chmodSync(root, 0o555);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      expect(await refusal(root)).toMatch(/is not writable for this user; change its owner/);
      expect(await refusal(join(root, 'new'))).toMatch(/cannot be made: ".*" is not writable for this user/);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(root, 0o755);
    }
  });
});
