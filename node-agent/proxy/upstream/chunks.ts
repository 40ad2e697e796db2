// A body in chunks (RFC 9112 §7.1), read strictly: sizes are plain hexadecimal digits, and every line ends with `\r\n`. What comes
// behind a size is passed over, and so are trailers, as the RFC allows.
import { malformed } from './errors.ts';

const LF = 0x0a;
const CR = 0x0d;
const SEMICOLON = 0x3b;
/** Of one size, which is exact as a number. */
const MAX_DIGITS = 13;
/** Of what is behind one size, bytes. */
const MAX_EXTENSION = 4_096;
/** Of all trailers, bytes. */
const MAX_TRAILERS = 65_536;
/** One trailer; of other lines nobody knows what they are. */
const FIELD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;

type State =
  | 'size'
  | 'extension'
  /** Behind the `\r` of a size's line. */
  | 'size-end'
  | 'data'
  /** Behind a chunk's last byte. */
  | 'data-end'
  /** Behind the `\r` that follows it. */
  | 'next'
  | 'trailers'
  | 'done';

export class ChunkDecoder {
  #state: State = 'size';
  #size = 0;
  #digits = 0;
  #extension = 0;
  /** Of the present chunk, bytes still to come. */
  #left = 0;
  #trailers = 0;
  /** The line of the trailers that has begun. */
  #line = '';

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /**
   * @param bytes must be given in order
   * @param from where in `bytes` the body goes on
   * @param take is called with each piece of the body
   * @returns where in `bytes` it ended, or their length
   * @throws UpstreamError `UPSTREAM_MALFORMED`
   */
  decode(bytes: Buffer, from: number, take: (piece: Buffer) => void): number {
    let at = from;
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const end = Math.min(at + this.#left, bytes.length);
        this.#left -= end - at;
        if (this.#left === 0) this.#state = 'data-end';
        take(bytes.subarray(at, end));
        at = end;
      } else {
        this.#step(bytes[at] ?? 0);
        at += 1;
      }
    }
    return at;
  }

  /** One byte that is not of a chunk's data. */
  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#stepSize(byte);
        return;
      case 'extension':
        this.#extension += 1;
        if (byte === CR) this.#state = 'size-end';
        else if (byte === LF || this.#extension > MAX_EXTENSION) throw malformed('a bad chunk extension');
        return;
      case 'size-end':
        if (byte !== LF) throw malformed('a chunk size without an end');
        this.#left = this.#size;
        this.#state = this.#size === 0 ? 'trailers' : 'data';
        this.#size = 0;
        this.#digits = 0;
        this.#extension = 0;
        return;
      case 'data-end':
        if (byte !== CR) throw malformed('a chunk longer than its size');
        this.#state = 'next';
        return;
      case 'next':
        if (byte !== LF) throw malformed('a chunk longer than its size');
        this.#state = 'size';
        return;
      default:
        this.#stepTrailers(byte);
    }
  }

  #stepSize(byte: number): void {
    const digit = digitOf(byte);
    if (digit >= 0) {
      this.#digits += 1;
      if (this.#digits > MAX_DIGITS) throw malformed('a chunk size that is too large');
      this.#size = this.#size * 16 + digit;
    } else if (this.#digits > 0 && byte === CR) this.#state = 'size-end';
    else if (this.#digits > 0 && byte === SEMICOLON) this.#state = 'extension';
    else throw malformed('a chunk size that is no number');
  }

  #stepTrailers(byte: number): void {
    this.#trailers += 1;
    if (this.#trailers > MAX_TRAILERS) throw malformed('too many trailers');
    if (byte !== LF) {
      this.#line += String.fromCharCode(byte);
      return;
    }
    if (this.#line === '\r') this.#state = 'done';
    else if (!this.#line.endsWith('\r') || !FIELD.test(this.#line.slice(0, -1)))
      throw malformed('a malformed trailer');
    this.#line = '';
  }
}

/** The value of a hexadecimal digit; -1 for any other character. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
