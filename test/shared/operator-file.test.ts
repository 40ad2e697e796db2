// Files that an operator names: what is no file is refused at once, and nothing is read without a limit.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readOperatorFile, readOperatorFileLater } from '../../shared/operator-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-operator-file-'));
afterAll(() => rmSync(dir, { recursive: true }));
const place = (name: string): string => join(dir, name);

execFileSync('mkfifo', [place('pipe')]);
mkdirSync(place('directory'));
symlinkSync('/dev/zero', place('zeros'));
writeFileSync(place('short'), 'content\n');
symlinkSync('short', place('link'));
writeFileSync(place('long'), 'x'.repeat(200_000));
writeFileSync(place('sparse'), '');
truncateSync(place('sparse'), 50 * 1024 ** 3);

describe.each([
  ['read at once', async (path: string, maxBytes?: number) => readOperatorFile(path, maxBytes)],
  ['read meanwhile', readOperatorFileLater],
])('an operator’s file, %s', (_, read) => {
  test.each([
    ['pipe', 'it is a pipe, not a file'],
    ['directory', 'it is a directory, not a file'],
    ['zeros', 'it is a device, not a file'],
    ['sparse', 'it is longer than 1048576 bytes'],
    ['missing', 'ENOENT: no such file or directory'],
  ])('%s is refused', async (name, why) => {
    await expect(read(place(name))).rejects.toThrow(why);
  });

  test('a socket is refused', async () => {
    const server = createServer().listen(place('socket'));
    await expect(read(place('socket'))).rejects.toThrow('it is a socket, not a file');
    await new Promise((resolve) => server.close(resolve));
  });

  test('is read whole, up to the limit', async () => {
    expect((await read(place('link'))).toString()).toBe('content\n');
    expect(await read(place('long'), 200_000)).toHaveLength(200_000);
    await expect(read(place('long'), 199_999)).rejects.toThrow('it is longer than 199999 bytes');
  });

  test('may be of a length that its file system does not say, and empty', async () => {
    expect((await read('/proc/self/status')).toString()).toMatch(/^Name:[\s\S]*voluntary_ctxt_switches/);
    expect(await read('/dev/null')).toHaveLength(0);
  });
});
