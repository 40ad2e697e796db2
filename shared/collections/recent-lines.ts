// The newest lines of a log, in memory, bounded in number and in size: what can be asked for where no file has them.
import { newNonce } from '../clock.ts';

const MAX_LINES = 2_000;
/** Characters of all lines together. */
const MAX_CHARACTERS = 1024 * 1024;
/** Of one line; a longer one is cut. */
const MAX_LINE = 4_096;

export interface RecentLinesWish {
  /** Most lines to read: the newest. */
  readonly lines: number;
  /** Number of the last line that is known already; 0 for none. */
  readonly after: number;
  /** Most bytes of the lines as JSON. */
  readonly bytes: number;
}

export interface RecentLinesRead {
  /** Oldest first. */
  readonly lines: string[];
  /** Number of the newest line; lines are counted from 1. */
  readonly last: number;
  /** Lines after the known one that are not among these. */
  readonly missed: number;
  /** Of this run of the program. */
  readonly boot: string;
}

export class RecentLines {
  readonly #boot = newNonce();
  readonly #kept: string[] = [];
  #characters = 0;
  #last = 0;

  /** @param line with or without its line break */
  add(line: string): void {
    const whole = line.trimEnd();
    const kept = whole.length > MAX_LINE ? `${whole.slice(0, MAX_LINE)}…` : whole;
    this.#last += 1;
    this.#kept.push(kept);
    this.#characters += kept.length;
    while (this.#kept.length > MAX_LINES || this.#characters > MAX_CHARACTERS)
      this.#characters -= this.#kept.shift()?.length ?? 0;
  }

  read({ lines, after, bytes }: RecentLinesWish): RecentLinesRead {
    // A number from an earlier run of the program means none of these.
    const unknown = after > this.#last ? this.#last : this.#last - after;
    const found: string[] = [];
    let left = bytes;
    for (let back = 1; back <= Math.min(unknown, lines, this.#kept.length); back += 1) {
      const line = this.#kept[this.#kept.length - back] ?? '';
      left -= Buffer.byteLength(JSON.stringify(line)) + 1;
      if (left < 0) break;
      found.push(line);
    }
    return {
      lines: found.reverse(),
      last: this.#last,
      missed: unknown - found.length,
      boot: this.#boot,
    };
  }
}
