// What is read of a tar archive, and what is not believed.
import { expect, test } from 'vitest';
import { readTar, TarFault } from '../../../node-agent/home-files/read-tar.ts';
import { header, padded, tarOf } from './tar.ts';

const LIMITS = { bytes: 1024 * 1024, files: 100 };

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function read(bytes: Buffer, limits = LIMITS, size = 700) {
  const seen: object[] = [];
  for await (const { type, path, target, mode, mtime, content } of readTar(inPieces(bytes, size), limits)) {
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(part);
    seen.push({ type, path, target, mode, mtime, text: Buffer.concat(parts).toString() });
  }
  return seen;
}

test.each([1, 511, 512, 100_000])('entries are read whole from pieces of %d bytes', async (size) => {
  const long = `${'d/'.repeat(80)}name`;
  const bytes = tarOf([
    { name: './', type: '5' },
    { name: './a\nb', content: 'x'.repeat(600), mode: 0o640, mtime: 1_700_000_000 },
    { name: './link', type: '2', target: '/any/where' },
    { name: long, content: 'deep' },
  ]);
  const expected = [
    { type: 'file', path: 'a\nb', target: '', mode: 0o640, mtime: 1_700_000_000_000, text: 'x'.repeat(600) },
    { type: 'symlink', path: 'link', target: '/any/where', mode: 0o644, mtime: 0, text: '' },
    { type: 'file', path: long, target: '', mode: 0o644, mtime: 0, text: 'deep' },
  ];
  expect(await read(bytes, LIMITS, size)).toEqual(expected);
});

test('what is not read of an entry is skipped', async () => {
  const bytes = tarOf([
    { name: 'a', content: 'x'.repeat(5_000) },
    { name: 'b', content: 'y' },
  ]);
  const paths: string[] = [];
  for await (const { path } of readTar(inPieces(bytes, 100), LIMITS)) paths.push(path);
  expect(paths).toEqual(['a', 'b']);
});

test('names that are not UTF-8 stay two', async () => {
  const names = [Buffer.from([0x63, 0xe9]), Buffer.from([0x63, 0xe8])];
  const bytes = Buffer.concat([...names.map((raw) => header({ name: '', raw })), Buffer.alloc(1_024)]);
  expect(await read(bytes)).toMatchObject([{ path: 'c%E9' }, { path: 'c%E8' }]);
});

const cut = tarOf([{ name: 'a', content: 'x'.repeat(2_000) }]).subarray(0, 1_500);
const endlessName = header({ name: '././@LongLink', type: 'L', size: 1024 ** 3 });
const oneName = Buffer.concat([header({ name: '././@LongLink', type: 'L', size: 5 }), padded('long\0')]);
test.each([
  ['noise', Buffer.alloc(2_000, 7), 'untrue'],
  ['a way out', tarOf([{ name: '../x' }]), 'untrue'],
  ['a way out in the middle', tarOf([{ name: './a/../../x' }]), 'untrue'],
  ['an absolute name', tarOf([{ name: '/etc/passwd' }]), 'untrue'],
  ['a hard link that leads elsewhere', tarOf([{ name: 'a', type: '1', target: '../../x' }]), 'untrue'],
  ['an unknown type', tarOf([{ name: 'a', type: 'x' }]), 'untrue'],
  ['a name of a gibibyte', Buffer.concat([endlessName, Buffer.alloc(4_096)]), 'untrue'],
  ['one long name upon the other', Buffer.concat([oneName, oneName, oneName]), 'untrue'],
  ['a negative size', header({ name: 'a', rawSize: '-0000000001' }), 'untrue'],
  ['a size beyond all numbers', header({ name: 'a', rawSize: Buffer.alloc(12, 0x9f) }), 'untrue'],
  ['no end', cut, 'cut'],
  ['nothing', Buffer.alloc(0), 'cut'],
  ['more bytes than allowed', tarOf([{ name: 'a', content: 'x'.repeat(2 * 1024 ** 2) }]), 'too-long'],
  ['a size that is a lie', header({ name: 'a', size: 1024 ** 3 }), 'cut'],
  ['more files than allowed', tarOf(Array.from({ length: 101 }, () => ({ name: 'a' }))), 'too-many'],
])('%s is refused', async (_, bytes, kind) => {
  const fault = await read(bytes).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(TarFault);
  expect(fault).toMatchObject({ kind });
});

test('what comes behind the end is not read', async () => {
  let pulled = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    yield tarOf([{ name: 'a' }]);
    for (;;) {
      pulled += 1;
      yield Buffer.alloc(512, 1);
    }
  }
  const seen: string[] = [];
  for await (const { path } of readTar(endless(), LIMITS)) seen.push(path);
  expect([seen, pulled]).toEqual([['a'], 0]);
});
