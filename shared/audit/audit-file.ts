// The audit trail of orders in a file: one line of JSON for each, with its outcome.
import { appendFile, readFile, stat } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { type AuditEntry, auditEntrySchema } from '../api/registry.ts';
import { describeError, errorCode } from '../errors.ts';
import type { Logger } from '../logging.ts';

/** Who ordered what. */
export interface AuditTrail {
  /** Never fails: an entry that cannot be stored is logged whole. */
  note(entry: AuditEntry): Promise<void>;
  /** Newest first. @throws FleetError `registry-unreachable` when the store does not answer */
  list(limit: number): Promise<readonly AuditEntry[]>;
}

/** At least this many entries are kept. */
export const AUDIT_KEPT = 10_000;
/** Old entries are removed once the file is longer than this; 10,000 entries take about 2 MB. */
const LONG_BYTES = 8 * 1024 * 1024;

/** The entries in `lines`, which are oldest first. @returns the newest first */
export function readEntries(lines: readonly string[], limit: number): readonly AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let index = lines.length - 1; index >= 0 && entries.length < limit; index -= 1) {
    const entry = parseEntry(lines[index] ?? '');
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/** Undefined for a line that a full disk cut off. */
function parseEntry(line: string): AuditEntry | undefined {
  try {
    return auditEntrySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export class AuditFile implements AuditTrail {
  readonly #path: string;
  readonly #logger: Logger;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** Entries are written one after another. Resolves when this one is on disk, or logged. */
  note(entry: AuditEntry): Promise<void> {
    this.#last = this.#last.then(() => this.#append(entry));
    return this.#last;
  }

  async list(limit: number): Promise<readonly AuditEntry[]> {
    await this.#last;
    return readEntries(await this.#lines(), limit);
  }

  async #append(entry: AuditEntry): Promise<void> {
    try {
      await appendFile(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
      const { size } = await stat(this.#path);
      if (size < LONG_BYTES) return;
      const kept = (await this.#lines()).slice(-AUDIT_KEPT);
      await writeFileAtomic(this.#path, `${kept.join('\n')}\n`, { mode: 0o600 });
    } catch (error) {
      this.#logger.error({ error: describeError(error), entry }, 'an audit entry could not be stored');
    }
  }

  async #lines(): Promise<readonly string[]> {
    try {
      return (await readFile(this.#path, 'utf8')).split('\n').filter((line) => line !== '');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }
}
