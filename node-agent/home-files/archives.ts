// The two forms in which a home is handed out: what they are called, and how they are written from its entries.
import { PassThrough, pipeline, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ZipFile } from 'yazl';
import type { SaveFormat } from '../../shared/protocol/save.ts';
import { BLOCK, type TarEntry } from './read-tar.ts';

export const TYPES: Readonly<Record<SaveFormat, string>> = {
  zip: 'application/zip',
  'tar.gz': 'application/gzip',
};

/** A host packs for all of its readers: the least effort takes half the time of the usual one, and a tenth more bytes. */
const EFFORT = 1;

/** A stream that fails as its entries do. Who does not read it on stops the entries; who leaves must destroy it. */
export function archiveOf(format: SaveFormat, entries: AsyncIterable<TarEntry>): Readable {
  return format === 'zip' ? zipOf(entries) : tarGzOf(entries);
}

function tarGzOf(entries: AsyncIterable<TarEntry>): Readable {
  async function* blocks(): AsyncGenerator<Buffer> {
    for await (const { head, content, size } of entries) {
      yield head;
      yield* content;
      if (size % BLOCK > 0) yield Buffer.alloc(BLOCK - (size % BLOCK));
    }
    yield Buffer.alloc(2 * BLOCK);
  }
  const packed = createGzip({ level: EFFORT });
  // Errors are those of `packed`.
  pipeline(Readable.from(blocks()), packed, () => undefined);
  return packed;
}

/** What the times of a zip can say. ms */
const EARLIEST = Date.UTC(1980, 0, 2);
const LATEST = Date.UTC(2038, 0, 1);
const SYMLINK = 0o120777;
const FILE = 0o100000;
const DIRECTORY = 0o040000;
/** Shorter ones gain nothing, and each compression costs 256 KiB for its time. Bytes */
const SMALL = 512;
/** Each needs fields of 64 bits when it is this long. */
const LONG = 0xffff_0000;

/** With data descriptors: the length of each file stands behind it. */
function zipOf(entries: AsyncIterable<TarEntry>): Readable {
  const zip = new ZipFile();
  const out = new PassThrough();
  zip.on('error', (error) => out.destroy(error instanceof Error ? error : new Error(String(error))));
  zip.outputStream.pipe(out);
  void fill(zip, entries, out).catch((error: unknown) => {
    out.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return out;
}

async function fill(zip: ZipFile, entries: AsyncIterable<TarEntry>, out: PassThrough): Promise<void> {
  for await (const entry of entries) {
    if (out.destroyed) return;
    await add(zip, entry, out);
  }
  zip.end();
}

async function add(
  zip: ZipFile,
  { type, path, target, mode, mtime, size, content }: TarEntry,
  out: PassThrough,
): Promise<void> {
  const name = nameInZip(path);
  const when = { mtime: new Date(Math.min(LATEST, Math.max(EARLIEST, mtime))) };
  if (type === 'directory') {
    zip.addEmptyDirectory(name, { ...when, mode: DIRECTORY | mode });
    // It is written at once, whether or not there is room.
    await room(out);
    return;
  }
  const isFile = type === 'file';
  // A zip has no hard links; it stands for the same file as a link by name.
  const link = type === 'hard-link' ? byName(path, target) : target;
  const stream = Readable.from(isFile ? content : [Buffer.from(link)]);
  const leave = (): void => {
    stream.destroy();
  };
  out.once('close', leave);
  zip.addReadStream(stream, name, {
    ...when,
    mode: isFile ? FILE | mode : SYMLINK,
    ...(isFile && size >= SMALL
      ? { compressionLevel: EFFORT, forceZip64Format: size > LONG }
      : { compress: false }),
  });
  try {
    await finished(stream, { writable: false });
  } finally {
    out.off('close', leave);
  }
}

async function room(out: PassThrough): Promise<void> {
  if (!out.writableNeedDrain || out.destroyed) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      out.off('drain', settle).off('close', settle);
      resolve();
    };
    out.once('drain', settle).once('close', settle);
  });
}

/** A backslash is a slash on some systems, and a letter with a colon a disk. */
function nameInZip(path: string): string {
  return path.replaceAll('\\', '_').replace(/^([A-Za-z]):/, '$1_');
}

function byName(path: string, target: string): string {
  const up = '../'.repeat(path.split('/').length - 1);
  return `${up}${target.replace(/^(?:\.\/)+/, '')}`;
}
