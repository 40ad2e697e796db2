// The log of arrivals (--arrivals-log): a line for each click, as JSON, which `tmpfleet load --shape trace:FILE` replays. It names no
// reader: times are to the second, and there is no address, no id, no query, and of the path only which kind it is.
import { constants } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import type { Clock } from './clock.ts';
import { describeError } from './errors.ts';
import type { Logger } from './logging.ts';

export interface Arrival {
  /** As requested; only its kind is written. */
  readonly path: string;
  /** The node that it is about, if there is one. */
  readonly node?: string | undefined;
  readonly outcome: string;
  /** From the request to the answer. ms */
  readonly tookMs: number;
}
export type RecordArrival = (arrival: Arrival) => void;

export interface ArrivalsLogOptions {
  readonly file: string;
  readonly program: 'front' | 'node';
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
/** A pipe that nothing reads is an error at once; waiting for its reader would hold up the end of the program. */
const APPEND_AT_ONCE = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK;
/** Between two writes. ms */
const WRITE_MS = 1_000;
/** Lines that wait while the disk is slow; further ones are left out. */
const MOST_LINES = 20_000;

/** Any other first part of a path could be anything that a reader has typed. */
const KINDS: ReadonlySet<string> = new Set([
  'notebooks',
  'tree',
  'lab',
  'files',
  'edit',
  'spawn',
  'doc',
  'voila',
]);

export class ArrivalsLog {
  readonly #options: ArrivalsLogOptions;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;
  #isFull = false;

  constructor(options: ArrivalsLogOptions) {
    this.#options = options;
  }

  /** Undefined where none is wanted. */
  static open(options: ArrivalsLogOptions): ArrivalsLog | undefined {
    return options.file === '' ? undefined : new ArrivalsLog(options);
  }

  readonly record: RecordArrival = ({ path, node, outcome, tookMs }) => {
    if (this.#lines.length >= MOST_LINES) {
      if (!this.#isFull)
        this.#options.logger.warn(
          { file: this.#options.file },
          'the log of arrivals leaves lines out: its disk is too slow',
        );
      this.#isFull = true;
      return;
    }
    const { clock, program } = this.#options;
    const at = `${new Date(clock.now() - tookMs).toISOString().slice(0, 19)}Z`;
    const about = { at, program, path: kindOf(path), node, outcome, ms: Math.round(tookMs) };
    this.#lines.push(`${JSON.stringify(about)}\n`);
    this.#timer ??= setTimeout(() => this.#write(), WRITE_MS).unref();
  };

  /** Writes what is left. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#write();
    await this.#writing;
  }

  #write(): void {
    this.#timer = undefined;
    const { file, logger } = this.#options;
    // One after another, so that lines stay in order and whole; opened each time, so that the file may be rotated.
    this.#writing = this.#writing.then(async () => {
      const text = this.#lines.splice(0).join('');
      this.#isFull = false;
      if (text === '') return;
      try {
        await appendFile(file, text, { mode: 0o600, flag: APPEND_AT_ONCE });
        this.#hasFailed = false;
      } catch (error) {
        if (!this.#hasFailed)
          logger.warn({ file, reason: describeError(error) }, 'the log of arrivals cannot be written');
        this.#hasFailed = true;
      }
    });
  }
}

function kindOf(path: string): string {
  const [, first = ''] = /^\/([^/?#]*)/.exec(path) ?? [];
  if (first === '') return 'root';
  return KINDS.has(first) ? first : 'other';
}
