// Tar archives byte by byte, honest and other.

export interface Given {
  readonly name: string;
  /** In place of the name. */
  readonly raw?: Buffer;
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly target?: string;
  readonly mode?: number;
  /** s */
  readonly mtime?: number;
  /** In place of that of the content. */
  readonly size?: number;
  /** In place of both. */
  readonly rawSize?: string | Buffer;
}

export function padded(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** @param given of which the content is left out */
export function header({ name, raw, type = '0', target = '', ...more }: Given): Buffer {
  const { content = '', mode = 0o644, mtime = 0, size = Buffer.from(content).length } = more;
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  const block = Buffer.alloc(512);
  (raw ?? Buffer.from(name)).copy(block, 0, 0, 100);
  block.write(octal(mode, 8), 100);
  block.write(octal(size, 12), 124);
  if (more.rawSize !== undefined) Buffer.from(more.rawSize).copy(block, 124, 0, 12);
  block.write(octal(mtime, 12), 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write(target, 157);
  block.write('ustar  \0', 257);
  block.write(
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  return block;
}

/** As GNU's tar writes it. */
export function tarOf(entries: readonly Given[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap((entry) => {
      const isLong = Buffer.byteLength(entry.name) > 100;
      const name = `${entry.name}\0`;
      const long = isLong ? [header({ name: '././@LongLink', type: 'L', content: name }), padded(name)] : [];
      return [...long, header(entry), padded(entry.content ?? '')];
    }),
    Buffer.alloc(1_024),
  ]);
}
