// Reads a tar archive entry by entry, as it comes, from a program that nobody vouches for. Everything is checked before it is
// believed; whatever does not fit ends the reading. Little is kept: a header, a long name, a chunk.
//
// The format: https://www.gnu.org/software/tar/manual/html_node/Standard.html , with GNU's long names (types L and K).

export interface TarEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'hard-link';
  /** Below the directory that was packed: neither absolute, nor with `.` or `..` in it. */
  readonly path: string;
  /** Of a link: as it stands in the archive. A symlink may lead anywhere. */
  readonly target: string;
  readonly mode: number;
  /** ms since 1970 */
  readonly mtime: number;
  /** Of its content. Bytes */
  readonly size: number;
  /** Its headers as they came, those of long names too: names in them need not be UTF-8. */
  readonly head: Buffer;
  /** To be read before the next entry is asked for; what is not read is skipped. */
  readonly content: AsyncIterable<Buffer>;
}

export interface TarLimits {
  /** Of the whole archive. */
  readonly bytes: number;
  /** Of all kinds of entries. */
  readonly files: number;
}

/** `untrue`: no tar archive, or one that no honest program makes. `cut`: it has no end. */
export class TarFault extends Error {
  readonly kind: 'untrue' | 'cut' | 'too-long' | 'too-many';

  constructor(kind: TarFault['kind'], message: string) {
    super(message);
    this.name = 'TarFault';
    this.kind = kind;
  }
}

export const BLOCK = 512;
/** Longer than any path that Linux opens at one time. */
const MAX_NAME_BYTES = 16 * 1024;

const TYPES: Readonly<Record<string, TarEntry['type'] | 'long-name' | 'long-target' | 'other'>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard-link',
  '2': 'symlink',
  '5': 'directory',
  // Devices and pipes: nothing to keep.
  '3': 'other',
  '4': 'other',
  '6': 'other',
  L: 'long-name',
  K: 'long-target',
};

/**
 * Ends at the end of the archive, whatever comes behind it.
 * @throws TarFault
 */
export async function* readTar(
  chunks: AsyncIterable<Buffer>,
  { bytes, files }: TarLimits,
): AsyncGenerator<TarEntry, void, undefined> {
  const source = new Blocks(chunks, bytes);
  let seen = 0;
  let long: LongNames = { heads: [] };
  while (true) {
    const head = await source.take(BLOCK);
    // GNU writes two blocks of zeros, busybox and others may write one.
    if (head.every((byte) => byte === 0)) return;
    const { type, size, ...header } = parseHeader(head);
    if (type === 'long-name' || type === 'long-target') {
      if (size > MAX_NAME_BYTES) throw new TarFault('untrue', `a name of ${size} bytes`);
      if (long[type] !== undefined) throw new TarFault('untrue', 'two names for one file');
      const padded = await source.take(padded512(size));
      long = { ...long, [type]: padded.subarray(0, size), heads: [...long.heads, head, padded] };
      continue;
    }
    seen += 1;
    if (seen > files) throw new TarFault('too-many', `more than ${files} files`);
    const name = textOf(long['long-name'] ?? header.name);
    const target = textOf(long['long-target'] ?? header.target);
    const whole = Buffer.concat([...long.heads, head]);
    long = { heads: [] };
    const content = type === 'file' ? size : 0;
    // Others have none; a size in their header is that of what they stand for.
    const left = { bytes: content };
    const path = pathBelow(name);
    if (type === 'hard-link') pathBelow(target);
    if (type !== 'other' && path !== '') {
      const { mode, mtime } = header;
      yield { type, path, target, mode, mtime, size: content, head: whole, content: source.read(left) };
    }
    for await (const _ of source.read(left));
    await source.take(padded512(content) - content);
  }
}

interface LongNames {
  readonly 'long-name'?: Buffer;
  readonly 'long-target'?: Buffer;
  readonly heads: readonly Buffer[];
}

interface Header {
  readonly type: (typeof TYPES)[string];
  readonly name: Buffer;
  readonly target: Buffer;
  readonly mode: number;
  readonly mtime: number;
  readonly size: number;
}

function parseHeader(block: Buffer): Header {
  let sum = 8 * 0x20;
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte;
  if (sum !== numberAt(block, 148, 8)) throw new TarFault('untrue', 'no tar archive');
  const code = block.toString('latin1', 156, 157);
  const type = Object.hasOwn(TYPES, code) ? TYPES[code] : undefined;
  if (type === undefined) throw new TarFault('untrue', `an entry of the type ${JSON.stringify(code)}`);
  // POSIX has a second part of the name here; what GNU has here says otherwise by its magic.
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? upToZero(block.subarray(345, 500)) : Buffer.alloc(0);
  const name = upToZero(block.subarray(0, 100));
  return {
    type,
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    target: upToZero(block.subarray(157, 257)),
    mode: numberAt(block, 100, 8) & 0o777,
    mtime: numberAt(block, 136, 12) * 1_000,
    size: numberAt(block, 124, 12),
  };
}

function padded512(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Octal digits, or GNU's form for what is too large for them: the highest bit, and then binary. */
function numberAt(block: Buffer, from: number, length: number): number {
  const field = block.subarray(from, from + length);
  const first = field[0] ?? 0;
  // Times before 1970 are negative.
  if (first === 0xff) return 0;
  const value =
    (first & 0x80) === 0
      ? Number.parseInt(
          field
            .toString('latin1')
            .replace(/[\0 ]+$/, '')
            .trim() || '0',
          8,
        )
      : Number(BigInt(`0x${field.toString('hex')}`) - (0x80n << BigInt(8 * (length - 1))));
  if (!Number.isSafeInteger(value) || value < 0) throw new TarFault('untrue', 'a header that is no number');
  return value;
}

function upToZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A byte that is not part of UTF-8 becomes `%E9`, so that two names stay two. */
function textOf(raw: Buffer): string {
  const bytes = upToZero(raw);
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes
      .toString('latin1')
      .replaceAll(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
  }
}

/** Without `./` in front and a slash at the end; empty for the directory itself. @throws TarFault for a way out of it */
function pathBelow(name: string): string {
  const parts = name.split('/');
  if (name === '' || name.startsWith('/') || parts.includes('..'))
    throw new TarFault('untrue', 'a name that leads elsewhere');
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

/** So many bytes at one time, of chunks of any length. */
class Blocks {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #allowed: number;

  constructor(chunks: AsyncIterable<Buffer>, most: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#allowed = most;
  }

  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.read({ bytes: count })) parts.push(part);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** What is left of something; `left` says how much that is at any time. */
  async *read(left: { bytes: number }): AsyncGenerator<Buffer, void, undefined> {
    while (left.bytes > 0) {
      if (this.#rest.length === 0) await this.#more();
      const part = this.#rest.subarray(0, left.bytes);
      this.#rest = this.#rest.subarray(part.length);
      left.bytes -= part.length;
      yield part;
    }
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done === true) throw new TarFault('cut', 'the archive has no end');
    this.#allowed -= value.length;
    if (this.#allowed < 0) throw new TarFault('too-long', 'more than is allowed');
    this.#rest = value;
  }
}
