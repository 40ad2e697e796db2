// The last known list of a shared registry on this redirector's own disk, for a start while the registry is unreachable.
import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { describeError, errorCode } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { memberSchema } from '../../shared/protocol/wire.ts';
import type { LastKnown } from './consistency.ts';

const knownSchema = z.object({
  /** The registry's address: the list of another registry is ignored. */
  of: z.string(),
  id: z.string(),
  generation: z.number().int().nonnegative(),
  members: z.array(memberSchema),
});

export class LastKnownFile {
  readonly #path: string;
  readonly #of: string;
  readonly #logger: Logger;

  constructor(path: string, of: string, logger: Logger) {
    this.#path = path;
    this.#of = of;
    this.#logger = logger;
  }

  read(): LastKnown | undefined {
    try {
      const { of, ...known } = knownSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      return of === this.#of ? known : undefined;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT')
        this.#logger.warn(
          { path: this.#path, error: describeError(error) },
          'the last known list of nodes cannot be read',
        );
      return undefined;
    }
  }

  /** A failure is logged only: the file matters when the registry is unreachable at the next start. */
  write(known: LastKnown): void {
    try {
      writeFileAtomic.sync(this.#path, `${JSON.stringify({ of: this.#of, ...known })}\n`, { mode: 0o600 });
    } catch (error) {
      this.#logger.warn(
        { path: this.#path, error: describeError(error) },
        'the last known list of nodes cannot be stored',
      );
    }
  }
}
