// The log of arrivals (--arrivals-log): a line for each click and for each program that asks for a sandbox, as JSON, which
// `tmpfleet record` joins and `tmpfleet load --shape trace:FILE` replays. A reload turns it on and off. It names no reader: times are to the second, and there is no address, no id, no query, and of the path only which kind it is.
import { accessSync, constants, statSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from './clock.ts';
import { describeError, FleetError } from './errors.ts';
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

/** What became of a program's request that ended with this error, under the names that readers' outcomes have. */
export function outcomeOfError(error: unknown): string {
  const code = error instanceof FleetError ? error.code : 'internal';
  return code === 'too-many-requests' ? 'limited' : code;
}

export interface ArrivalsLogOptions {
  /** Read at each arrival. The file's name is empty where there is no log. */
  readonly config: { readonly arrivalsLog: string };
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
/** Where programs ask for a sandbox. */
export const SPAWN_PATH = '/api/spawn';
/** The kind of a program's arrival; every other line is a reader's. */
export const SPAWN_KIND = 'api/spawn';

export class ArrivalsLog {
  readonly #options: ArrivalsLogOptions;
  /** Of the lines that wait. */
  #file = '';
  #lines: string[] = [];
  /** Those that are being written, too. */
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;
  #isFull = false;

  constructor(options: ArrivalsLogOptions) {
    this.#options = options;
  }

  /** Undefined while there is no log: then a redirect does not even measure. */
  get recording(): RecordArrival | undefined {
    return this.#options.config.arrivalsLog === '' ? undefined : this.record;
  }

  readonly record: RecordArrival = ({ path, node, outcome, tookMs }) => {
    const { arrivalsLog: file } = this.#options.config;
    if (file === '') return;
    if (file !== this.#file) this.#write();
    this.#file = file;
    if (this.#waiting >= MOST_LINES) {
      if (!this.#isFull)
        this.#options.logger.warn({ file }, 'the log of arrivals leaves lines out: its disk is too slow');
      this.#isFull = true;
      return;
    }
    const { clock, program } = this.#options;
    const at = `${new Date(clock.now() - tookMs).toISOString().slice(0, 19)}Z`;
    const about = { at, program, path: kindOf(path), node, outcome, ms: Math.round(tookMs) };
    this.#waiting += 1;
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
    const { logger } = this.#options;
    const file = this.#file;
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length === 0) return;
    // One after another, so that lines stay in order and whole; opened each time, so that the file may be rotated.
    this.#writing = this.#writing.then(async () => {
      try {
        const text = lines.join('');
        // A write that failed may have ended within a line.
        const whole = this.#hasFailed ? `\n${text}` : text;
        await appendFile(file, whole, { mode: 0o600, flag: APPEND_AT_ONCE });
        this.#hasFailed = false;
      } catch (error) {
        if (!this.#hasFailed)
          logger.warn({ file, reason: describeError(error) }, 'the log of arrivals cannot be written');
        this.#hasFailed = true;
      }
      this.#waiting -= lines.length;
      this.#isFull = false;
    });
  }
}

/** Why the log cannot be written, as lines of `bad-config`: it would be noticed at the first click only. */
export function arrivalsLogProblems({
  arrivalsLog: file,
}: {
  readonly arrivalsLog: string;
}): readonly string[] {
  if (file === '') return [];
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory() === true)
      return [
        `arrivals-log: ${JSON.stringify(file)} is a directory; expected a file, such as ${file}/arrivals.jsonl`,
      ];
    if (found !== undefined) accessSync(file, constants.W_OK);
    // The file is made at the first click.
    else accessSync(dirname(file), constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    return [
      `arrivals-log: ${JSON.stringify(file)} cannot be written (${describeError(error)}); make its directory, writable for this user`,
    ];
  }
}

function kindOf(path: string): string {
  if (path === SPAWN_PATH) return SPAWN_KIND;
  const [, first = ''] = /^\/([^/?#]*)/.exec(path) ?? [];
  if (first === '') return 'root';
  return KINDS.has(first) ? first : 'other';
}
