// What was last known of a shared registry, on this redirector's own disk: it starts with that when the registry is away.
import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { describeError, errorCode } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { memberSchema } from '../../shared/protocol/wire.ts';
import type { LastKnown } from './consistency.ts';

const knownSchema = z.object({
  /** Another registry's knowledge is none of this one's. */
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
          'what was last known of the registry cannot be read',
        );
      return undefined;
    }
  }

  /** A failure is logged: it costs something only if the registry is away at the next start. */
  write(known: LastKnown): void {
    try {
      writeFileAtomic.sync(this.#path, `${JSON.stringify({ of: this.#of, ...known })}\n`, { mode: 0o600 });
    } catch (error) {
      this.#logger.warn(
        { path: this.#path, error: describeError(error) },
        'what is known of the registry cannot be kept on disk',
      );
    }
  }
}
