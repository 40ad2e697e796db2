// The state that operators set for this node, in one file that survives restarts. An order is on disk before it takes effect.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { describeError, errorCode } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { isEmbedOrigin } from '../../shared/protocol/embed-origins.ts';
import { NODE_STATES } from '../../shared/protocol/node-state.ts';

const warmSchema = z.union([z.number().int().nonnegative(), z.literal('all')]);

/** A value set at run time, and the configured value that it replaces. */
const overrideOf = <T>(value: z.ZodType<T>) => z.object({ now: value, configured: value }).nullable();

const poolOverrideSchema = z.object({
  paused: z.boolean(),
  capacity: overrideOf(z.number().int().positive()),
  warm: overrideOf(warmSchema),
});
/** The pool's overrides that were set at run time. */
export type PoolOverride = z.infer<typeof poolOverrideSchema>;

const nodeStateSchema = z.object({
  state: z.enum(NODE_STATES),
  /** ms since 1970; when a drain ends its readers. */
  deadline: z.number().nullable(),
  /** Whether the last drain had to end readers. */
  forced: z.boolean().nullable(),
  pool: poolOverrideSchema.optional(),
  /** What a front has told: see `embed-policy.ts`. */
  embedOrigins: z
    .array(z.string())
    // They go into a header of every response, and anybody with an editor can change the file.
    .transform((origins) => origins.filter(isEmbedOrigin))
    .optional(),
  /** See `line-keys.ts`. */
  lineSecret: z.string().min(32).optional(),
});
export type NodeStateRecord = z.infer<typeof nodeStateSchema>;

const FIRST: NodeStateRecord = { state: 'ready', deadline: null, forced: null };

export class NodeStateFile {
  readonly #path: string;
  #record: NodeStateRecord;

  /** Loads the state of the last run. @param dataDir an existing directory */
  constructor(dataDir: string, logger: Logger) {
    this.#path = join(dataDir, 'node-state.json');
    this.#record = this.#read(logger);
  }

  get record(): NodeStateRecord {
    return this.#record;
  }

  /** Synchronous: an answer that says "cordoned" must still be true after a power cut. */
  save(changes: Partial<NodeStateRecord>): void {
    const record = { ...this.#record, ...changes };
    writeFileAtomic.sync(this.#path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    this.#record = record;
  }

  #read(logger: Logger): NodeStateRecord {
    try {
      return nodeStateSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return FIRST;
      // An unreadable state is not "ready": a node that was draining must not fill up again by accident.
      logger.error(
        { path: this.#path, error: describeError(error) },
        'the node state cannot be read; the node is cordoned until an operator changes that',
      );
      return { ...FIRST, state: 'cordoned' };
    }
  }
}
