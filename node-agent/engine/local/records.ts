// One small file per sandbox, by which a restarted agent finds the processes of the previous one.
import { openSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { describeError, errorCode } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logging.ts';
import { nodeIdSchema, parseJson } from '../../../shared/protocol/wire.ts';
import { OUTPUT_BYTES } from '../diagnosis.ts';

const recordSchema = z.object({
  id: z.string(),
  node: nodeIdSchema,
  port: z.number().int().positive(),
  image: z.string(),
  recipe: z.string().optional(),
  /** ms since 1970. */
  createdAt: z.number(),
  /** Absent until the process has started. */
  process: z.object({ pid: z.number().int().positive(), startedAt: z.string() }).optional(),
});
export type LocalRecord = z.infer<typeof recordSchema>;

/** Longer than any write takes. ms */
const STALE_MS = 60_000;
/** Output beyond this is dropped: only the end of a failed start's output is read. Bytes */
const MAX_OUTPUT_BYTES = 256 * 1024;

export class LocalRecords {
  readonly #dir: string;
  readonly #node: string;
  readonly #logger: Logger;
  /** Files that were reported already: `all` runs every few seconds, and each is logged once. */
  readonly #unreadable = new Set<string>();

  constructor(dir: string, node: string, logger: Logger) {
    this.#dir = dir;
    this.#node = node;
    this.#logger = logger;
  }

  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await this.#sweep();
  }

  /** Removes what an agent that was killed while writing left behind: write-file-atomic's `<file>.<number>`. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      if (!/\.json\.\d+$/.test(name)) continue;
      const path = join(this.#dir, name);
      const age = Date.now() - ((await stat(path).catch(ignoreMissing))?.mtimeMs ?? 0);
      if (age > STALE_MS) await rm(path, { force: true });
    }
  }

  /** The sandbox's home directory; its record is beside it. */
  home(id: string): string {
    return join(this.#dir, id);
  }

  /** Opens the file that takes a sandbox's output, for appending. The caller closes it. */
  openOutput(id: string): number {
    return openSync(this.#outputPath(id), 'a', 0o600);
  }

  /** The end of a sandbox's output; empty when there is none. */
  async output(id: string): Promise<string> {
    const file = await open(this.#outputPath(id)).catch(ignoreMissing);
    if (file === undefined) return '';
    try {
      const { size } = await file.stat();
      const position = Math.max(0, size - OUTPUT_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(OUTPUT_BYTES), 0, OUTPUT_BYTES, position);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Empties output files that have grown too long; sandboxes go on appending. */
  async trimOutputs(): Promise<void> {
    const names = (await readdir(this.#dir).catch(ignoreMissing)) ?? [];
    for (const name of names.filter((each) => each.endsWith('.log'))) {
      const path = join(this.#dir, name);
      const size = (await stat(path).catch(ignoreMissing))?.size ?? 0;
      if (size > MAX_OUTPUT_BYTES) await truncate(path).catch(ignoreMissing);
    }
  }

  async write(record: LocalRecord): Promise<void> {
    await writeFileAtomic(this.#path(record.id), `${JSON.stringify(record)}\n`, { mode: 0o600 });
  }

  /** This node's own record, if it exists and can be read. */
  async read(id: string): Promise<LocalRecord | undefined> {
    // An id is also a file's name: an id that is not ours must not become a path.
    if (!/^[A-Za-z0-9_-]+$/.test(id)) return undefined;
    try {
      const record = parseJson(await readFile(this.#path(id), 'utf8'), recordSchema, 'a sandbox record');
      return record.node === this.#node && record.id === id ? record : undefined;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' && !this.#unreadable.has(id)) {
        this.#unreadable.add(id);
        this.#logger.error(
          { error: describeError(error) },
          'a sandbox record cannot be read, and is left alone',
        );
      }
      return undefined;
    }
  }

  async all(): Promise<readonly LocalRecord[]> {
    const names = (await readdir(this.#dir).catch(ignoreMissing)) ?? [];
    const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
    const records = await Promise.all(ids.map((id) => this.read(id)));
    return records.filter((record) => record !== undefined);
  }

  /** Removes the home first: after a crash in between, the record remains and says what is left to remove. */
  async forget(id: string): Promise<void> {
    await rm(this.home(id), { recursive: true, force: true, maxRetries: 5 });
    await rm(this.#outputPath(id), { force: true });
    await rm(this.#path(id), { force: true });
  }

  #outputPath(id: string): string {
    return join(this.#dir, `${id}.log`);
  }

  #path(id: string): string {
    return join(this.#dir, `${id}.json`);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
}
