// Finds the kernel that a notebook names, in the answer of Jupyter's contents API, while that is read. A notebook may be very large:
// parsing 64 MiB at one time would take a gigabyte and, as an image may be made to do so, many seconds in which no reader is served.
import { FleetError } from '../../shared/errors.ts';
import type { BodyLimit } from '../../shared/http/read-body.ts';

/** Where its name is. */
const PATH = ['content', 'metadata', 'kernelspec', 'name'];
/** Of a key or a name; longer ones are none of these. Bytes */
const LONGEST_STRING = 256;

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * @returns undefined where the notebook names none
 * @throws FleetError `start-failed` for what is no notebook; with the limit's code for what is too long; the stream's error
 */
export async function kernelNamedIn(
  stream: AsyncIterable<Buffer>,
  { bytes, what, code = 'bad-report' }: BodyLimit,
): Promise<string | undefined> {
  const scanner = new KernelNameScanner();
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > bytes) throw new FleetError(code, `${what} is longer than ${bytes} bytes`);
    scanner.scan(chunk);
    if (scanner.name !== undefined) return scanner.name;
  }
  if (!scanner.sawNotebook) throw new FleetError('start-failed', `${what} is not a notebook`);
  return undefined;
}

/** Reads JSON a chunk at a time, and keeps nothing but keys on the way to the name. */
class KernelNameScanner {
  name: string | undefined;
  /** Open objects and arrays. */
  #depth = 0;
  /** How many of the path's keys, from its first on, lead to where we are. */
  #matched = 0;
  #wasMetadata = false;
  #isWhole = false;
  #inString = false;
  #isEscaped = false;
  /** The bytes of a string that may matter, in quotes; undefined for any other string. */
  #kept: number[] | undefined;
  /** The last string of an object on the path, while it may be a key. */
  #last: string | undefined;
  /** The key whose value comes next. */
  #key: string | undefined;

  /** Whether all of it was there, with the metadata of a notebook. */
  get sawNotebook(): boolean {
    return this.#isWhole && this.#wasMetadata;
  }

  scan(chunk: Buffer): void {
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (this.#inString) this.#inside(byte);
      else if (byte === QUOTE) this.#begin();
      else if (byte === COLON) this.#key = this.#last;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#open(byte);
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#close();
      // A comma, or a value that is neither string, object nor array; white space may stand before a colon.
      else if (byte > 0x20) this.#key = undefined;
      if (this.name !== undefined) return;
    }
  }

  #isOnPath(): boolean {
    return this.#matched === this.#depth - 1 && this.#depth <= PATH.length;
  }

  #begin(): void {
    this.#inString = true;
    this.#kept = this.#isOnPath() ? [QUOTE] : undefined;
  }

  #inside(byte: number): void {
    if (this.#kept !== undefined) {
      if (this.#kept.length < LONGEST_STRING) this.#kept.push(byte);
      else this.#kept = undefined;
    }
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#end();
  }

  #end(): void {
    this.#inString = false;
    const text = textOf(this.#kept);
    if (this.#key !== undefined && this.#depth === PATH.length && this.#key === PATH[this.#depth - 1])
      this.name = text;
    this.#key = undefined;
    this.#last = text;
  }

  #open(byte: number): void {
    const isNext =
      byte === OPEN_OBJECT &&
      this.#isOnPath() &&
      this.#key !== undefined &&
      this.#key === PATH[this.#matched];
    if (isNext) this.#matched += 1;
    if (isNext && this.#matched === PATH.indexOf('metadata') + 1) this.#wasMetadata = true;
    this.#depth += 1;
    this.#key = undefined;
    this.#last = undefined;
  }

  #close(): void {
    this.#depth -= 1;
    this.#matched = Math.max(0, Math.min(this.#matched, this.#depth - 1));
    this.#key = undefined;
    this.#last = undefined;
    if (this.#depth === 0) this.#isWhole = true;
  }
}

function textOf(bytes: readonly number[] | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    const text: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}
