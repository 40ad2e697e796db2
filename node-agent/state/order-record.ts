// Orders that were carried out, in a file: none is carried out twice, also after a restart.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { describeError, errorCode } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';

/** Nonces, and when the order expires (ms since 1970). */
const recordSchema = z.record(z.string(), z.number());

/** Only orders that a front signed get here, and each expires within two minutes, so that their number stays small. */
export class OrderRecord {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #expiries: Map<string, number>;

  /** Loads the orders of the last run. @param dataDir an existing directory */
  constructor(dataDir: string, logger: Logger) {
    this.#path = join(dataDir, 'orders.json');
    this.#logger = logger;
    this.#expiries = this.#read();
  }

  /**
   * Records an order on disk, before it is carried out.
   * @param expires, now ms since 1970
   * @returns false when it is recorded already
   */
  add(nonce: string, expires: number, now: number): boolean {
    for (const [known, until] of this.#expiries) if (until < now) this.#expiries.delete(known);
    if (this.#expiries.has(nonce)) return false;
    this.#expiries.set(nonce, expires);
    try {
      const text = `${JSON.stringify(Object.fromEntries(this.#expiries))}\n`;
      writeFileAtomic.sync(this.#path, text, { mode: 0o600 });
    } catch (error) {
      // A drain must be possible on a full disk. Until the agent restarts, this order is still not taken again.
      this.#logger.warn({ path: this.#path, error: describeError(error) }, 'an order could not be recorded');
    }
    return true;
  }

  #read(): Map<string, number> {
    try {
      return new Map(Object.entries(recordSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')))));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT')
        this.#logger.warn({ path: this.#path, error: describeError(error) }, 'past orders cannot be read');
      return new Map();
    }
  }
}
