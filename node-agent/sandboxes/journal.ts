// What was claimed, on disk before the reader is told: the only proof, after a crash, of whose a sandbox is.
// One JSON object a line, appended; rewritten whole at the start and when most of it is history.
import { closeSync, fdatasync, openSync, readFileSync, renameSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Sandbox } from './table.ts';

const writeTo = promisify(write);
const flush = promisify(fdatasync);

const time = z.number().nonnegative();
const id = z.string().min(16).max(128);
const entrySchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('warm'), id, token: z.string(), image: z.string(), at: time }),
  z.object({
    op: z.literal('claim'),
    id,
    token: z.string(),
    image: z.string(),
    owner: z.string().min(8),
    at: time,
  }),
  z.object({ op: z.literal('use'), id, at: time }),
  z.object({ op: z.literal('end'), id }),
]);
type Entry = z.infer<typeof entrySchema>;

/** What the journal proves of one sandbox. Unclaimed when there is no owner. */
export interface Recorded {
  readonly token: string;
  readonly image: string;
  readonly owner: string | undefined;
  readonly claimedAt: number | undefined;
  readonly lastUse: number | undefined;
}

/** So many lines of sandboxes that are no more, and the file is rewritten without them; `tidy` does it for fewer. */
const HISTORY_LINES = 5_000;

export class Journal {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #recorded: Map<string, Recorded>;
  #file: number;
  #lines = 0;
  #pending: string[] = [];
  /** The flush under way, and the one that begins when it ends. */
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #broken: unknown;
  /** Of lines written, when `tidy` last looked. */
  #linesSeen = 0;
  #rewriteNext = false;

  /** @throws FleetError `bad-config` when the directory cannot be read or written */
  constructor(dataDir: string, logger: Logger) {
    this.#path = join(dataDir, 'journal.jsonl');
    this.#logger = logger;
    try {
      this.#recorded = replay(this.#path, logger);
      this.#file = this.#rewrite();
    } catch (cause) {
      const why = `the journal ${JSON.stringify(this.#path)} cannot be kept: ${describeError(cause)}`;
      throw new FleetError('bad-config', why, {
        cause,
        remedy: 'make the data directory writable, and see that its disk is not full',
      });
    }
  }

  get recorded(): ReadonlyMap<string, Recorded> {
    return this.#recorded;
  }

  /** Proven unclaimed from here on, until it is claimed. Not waited for: lost, the sandbox is merely replaced. */
  warm({ id, token, image, createdAt }: Sandbox): void {
    this.#note({ op: 'warm', id, token, image, at: createdAt });
  }

  /** Resolves when the claim is on disk. @throws when it cannot be: then the sandbox must not be given out */
  async claim({ id, token, image, owner, claimedAt }: Sandbox): Promise<void> {
    if (owner === undefined || claimedAt === undefined)
      throw new TypeError('only a claimed sandbox has a claim');
    this.#append({ op: 'claim', id, token, image, owner, at: claimedAt });
    await this.#flushed();
  }

  use(id: string, at: number): void {
    this.#note({ op: 'use', id, at });
  }

  end(id: string): void {
    if (this.#recorded.has(id)) this.#note({ op: 'end', id });
  }

  /** To be called now and then: where nothing was written since the last time, history is dropped. */
  async tidy(): Promise<void> {
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

  #note(entry: Entry): void {
    this.#append(entry);
    // The failure is logged where it happens; nobody depends on this line.
    this.#flushed().catch(() => undefined);
  }

  #append(entry: Entry): void {
    apply(this.#recorded, entry);
    this.#pending.push(`${JSON.stringify(entry)}\n`);
  }

  /** One write and one flush for all who ask before it begins. */
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
    try {
      // After a failed write the file may end in half a line, so it is written anew from what is known.
      if (this.#broken !== undefined || isTooLong) this.#reopen();
      else {
        const bytes = Buffer.from(lines.join(''));
        const { bytesWritten } = await writeTo(this.#file, bytes);
        // A disk that is nearly full takes a part and says nothing.
        if (bytesWritten < bytes.length)
          throw new Error(`only ${bytesWritten} of ${bytes.length} bytes were written`);
        await flush(this.#file);
        this.#lines += lines.length;
      }
      this.#broken = undefined;
    } catch (error) {
      if (this.#broken === undefined)
        this.#logger.error(
          { error: describeError(error) },
          'the journal cannot be written; no sandbox is given out until it can',
        );
      this.#broken = error;
      throw error;
    }
  }

  #reopen(): void {
    const file = this.#rewrite();
    closeSync(this.#file);
    this.#file = file;
  }

  #whatIsTrue(): readonly Entry[] {
    return [...this.#recorded].flatMap(entriesOf);
  }

  /** Atomically replaces the file by what is still true, and opens it for appending. */
  #rewrite(): number {
    const lines = this.#whatIsTrue().map((entry) => `${JSON.stringify(entry)}\n`);
    writeFileAtomic.sync(this.#path, lines.join(''), { mode: 0o600 });
    this.#lines = lines.length;
    return openSync(this.#path, 'a', 0o600);
  }
}

function entriesOf([id, { token, image, owner, claimedAt, lastUse }]: [string, Recorded]): readonly Entry[] {
  if (owner === undefined) return [{ op: 'warm', id, token, image, at: 0 }];
  const claim: Entry = { op: 'claim', id, token, image, owner, at: claimedAt ?? 0 };
  return lastUse === undefined ? [claim] : [claim, { op: 'use', id, at: lastUse }];
}

function apply(recorded: Map<string, Recorded>, entry: Entry): void {
  if (entry.op === 'end') recorded.delete(entry.id);
  else if (entry.op === 'use') {
    const before = recorded.get(entry.id);
    if (before !== undefined) recorded.set(entry.id, { ...before, lastUse: entry.at });
  } else {
    const owner = entry.op === 'claim' ? entry.owner : undefined;
    const claimedAt = entry.op === 'claim' ? entry.at : undefined;
    recorded.set(entry.id, { token: entry.token, image: entry.image, owner, claimedAt, lastUse: undefined });
  }
}

function replay(path: string, logger: Logger): Map<string, Recorded> {
  const recorded = new Map<string, Recorded>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return recorded;
    throw error;
  }
  const lines = text.split('\n');
  // What does not end in a newline was never flushed, so nobody was told of it.
  const torn = lines.pop();
  let unreadable = 0;
  for (const line of lines) {
    const entry = parse(line);
    if (entry === undefined) unreadable += 1;
    else apply(recorded, entry);
  }
  if (torn !== '' || unreadable > 0) {
    const kept = `${path}.damaged`;
    logger.warn({ torn: torn !== '', unreadable, kept }, 'the journal is damaged; what can be read is used');
    if (unreadable > 0) renameSync(path, kept);
  }
  // A line that cannot be read may have been the claim of one that looks unclaimed.
  if (unreadable > 0) for (const [id, { owner }] of recorded) if (owner === undefined) recorded.delete(id);
  return recorded;
}

function parse(line: string): Entry | undefined {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
