// Records claims on disk before the reader gets an answer: after a crash, the only proof of who has which sandbox.
// One JSON object per line, appended; rewritten at the start and when most lines are obsolete.
import { closeSync, fdatasync, openSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import writeFileAtomic from 'write-file-atomic';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { apply, entriesOf, type JournalEntry, type Recorded, replay } from './claim-journal-entry.ts';
import type { Sandbox } from './table.ts';

const writeTo = promisify(write);
const flush = promisify(fdatasync);

/** Error codes of a full disk and of a full quota. */
const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** With this many obsolete lines the file is rewritten without them; `tidy` rewrites it for fewer. */
const HISTORY_LINES = 5_000;

export interface JournalOptions {
  readonly clock?: Pick<Clock, 'monotonic'>;
  /** Called with the time that a write and its flush took, for all lines that were in it. */
  readonly onFlushed?: (seconds: number) => void;
}

export class Journal {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #onFlushed: (seconds: number) => void;
  readonly #recorded: Map<string, Recorded>;
  #file: number;
  #lines = 0;
  #pending: string[] = [];
  /** The flush under way, and the one that begins after it. */
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #broken: unknown;
  /** Number of lines written when `tidy` last ran. */
  #linesSeen = 0;
  #rewriteNext = false;

  /**
   * A full disk is not an error: recorded sandboxes stay known, and `problem` says that no claim can be written yet.
   * @throws FleetError `bad-config` when the directory cannot be read or written for another reason
   */
  constructor(dataDir: string, logger: Logger, options: JournalOptions = {}) {
    this.#path = join(dataDir, 'journal.jsonl');
    this.#logger = logger;
    this.#clock = options.clock ?? systemClock;
    this.#onFlushed = options.onFlushed ?? (() => undefined);
    try {
      this.#recorded = replay(this.#path, logger);
      this.#file = this.#rewriteOrAppend();
    } catch (cause) {
      const why = `the journal ${JSON.stringify(this.#path)} cannot be kept: ${describeError(cause)}`;
      throw new FleetError('bad-config', why, {
        cause,
        remedy: 'make the data directory writable',
      });
    }
  }

  get recorded(): ReadonlyMap<string, Recorded> {
    return this.#recorded;
  }

  /** Why no claim can be written now; undefined when claims can. `tidy` tries again. */
  get problem(): string | undefined {
    if (this.#broken === undefined) return undefined;
    return `no claim can be written to ${JSON.stringify(this.#path)}: ${describeError(this.#broken)}`;
  }

  /** Records the sandbox as unclaimed, also one whose claim was taken back. Not awaited: if the line is lost, the sandbox is only replaced after a restart. */
  warm({ id, token, image, createdAt, primed }: Sandbox): void {
    this.#note({ op: 'warm', id, token, image, at: createdAt, primed });
  }

  /** Resolves when the claim is on disk. @throws when it cannot be written: then the sandbox must not be given out */
  async claim({ id, token, image, key, claimedBy, claimedAt, ticket }: Sandbox): Promise<void> {
    if (key === undefined || claimedBy === undefined || claimedAt === undefined)
      throw new TypeError('only a claimed sandbox has a claim');
    this.#append({ op: 'claim', id, token, image, owner: key, by: claimedBy, at: claimedAt, ticket });
    await this.#flushed();
  }

  use(id: string, at: number): void {
    this.#note({ op: 'use', id, at });
  }

  /** @param names of all cookies that the sandbox has set so far */
  cookies(id: string, names: readonly string[]): void {
    if (this.#recorded.has(id)) this.#note({ op: 'cookies', id, names: [...names] });
  }

  end(id: string): void {
    if (this.#recorded.has(id)) this.#note({ op: 'end', id });
  }

  /** To be called regularly: retries after a failed write, and drops obsolete lines when nothing was written since last time. */
  async tidy(): Promise<void> {
    if (this.#broken !== undefined) {
      this.#rewriteNext = true;
      await this.#flushed().catch(() => undefined);
      return;
    }
    const quiet = this.#lines === this.#linesSeen && this.#pending.length === 0;
    this.#linesSeen = this.#lines;
    if (!quiet || this.#lines <= this.#whatIsTrue().length) return;
    this.#rewriteNext = true;
    // A failure is logged where it happens.
    await this.#flushed().catch(() => undefined);
    this.#linesSeen = this.#lines;
  }

  async close(): Promise<void> {
    await this.#flushed().catch(() => undefined);
    closeSync(this.#file);
  }

  #note(entry: JournalEntry): void {
    this.#append(entry);
    // The failure is logged where it happens; no answer depends on this line.
    this.#flushed().catch(() => undefined);
  }

  #append(entry: JournalEntry): void {
    apply(this.#recorded, entry);
    this.#pending.push(`${JSON.stringify(entry)}\n`);
  }

  /** One write and one flush for all callers before it begins. */
  #flushed(): Promise<void> {
    this.#next ??= (this.#current ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#current = this.#next;
        this.#next = undefined;
        return this.#flushPending();
      });
    return this.#next;
  }

  async #flushPending(): Promise<void> {
    const lines = this.#pending;
    this.#pending = [];
    const isTooLong = this.#rewriteNext || this.#lines > this.#recorded.size + HISTORY_LINES;
    if (lines.length === 0 && !this.#rewriteNext) return;
    this.#rewriteNext = false;
    const began = this.#clock.monotonic();
    try {
      // After a failed write the file may end in half a line, so it is rewritten from memory.
      if (this.#broken !== undefined || isTooLong) this.#reopen();
      else {
        const bytes = Buffer.from(lines.join(''));
        const { bytesWritten } = await writeTo(this.#file, bytes);
        // A disk that is nearly full may write a part without an error.
        if (bytesWritten < bytes.length)
          throw new Error(`only ${bytesWritten} of ${bytes.length} bytes were written`);
        await flush(this.#file);
        this.#lines += lines.length;
      }
      if (this.#broken !== undefined) this.#logger.info('the journal can be written again');
      this.#broken = undefined;
      this.#onFlushed((this.#clock.monotonic() - began) / 1000);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    if (this.#broken === undefined)
      this.#logger.error(
        { error: describeError(error) },
        'the journal cannot be written; no sandbox is given out until it can',
      );
    this.#broken = error;
  }

  /** At the start. A full disk leaves the file unchanged. */
  #rewriteOrAppend(): number {
    try {
      return this.#rewrite();
    } catch (error) {
      if (!DISK_FULL.has(errorCode(error) ?? '')) throw error;
      this.#fail(error);
      return openSync(this.#path, 'a', 0o600);
    }
  }

  #reopen(): void {
    const file = this.#rewrite();
    closeSync(this.#file);
    this.#file = file;
  }

  #whatIsTrue(): readonly JournalEntry[] {
    return [...this.#recorded].flatMap(entriesOf);
  }

  /** Atomically replaces the file by one without obsolete lines, and opens it for appending. */
  #rewrite(): number {
    const lines = this.#whatIsTrue().map((entry) => `${JSON.stringify(entry)}\n`);
    writeFileAtomic.sync(this.#path, lines.join(''), { mode: 0o600 });
    this.#lines = lines.length;
    return openSync(this.#path, 'a', 0o600);
  }
}
