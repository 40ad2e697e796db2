// Finds out which image and recipe are to be used: at the start, on schedule, and after a reload. One at a time, so that an image is
// never offered with the recipe of another configuration.
import pLimit from 'p-limit';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { SandboxRunner } from '../engine/engine.ts';
import type { ImageRollout } from './image-rollout.ts';

export interface RenewalOptions {
  readonly engine: Pick<SandboxRunner, 'image' | 'recipe' | 'renew'>;
  readonly rollout: Pick<ImageRollout, 'offer'>;
  readonly logger: Logger;
}

export class Renewal {
  readonly #options: RenewalOptions;
  readonly #one = pLimit(1);
  #isDue = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** A reload has changed what sandboxes are made from, and that is not in use yet. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** @returns, as all others do, whether what sandboxes are made from has changed @throws FleetError as `SandboxRunner.image` */
  look(): Promise<boolean> {
    return this.#one(() => this.#offer());
  }

  /** Asks the image's source for a newer one. */
  refresh(): Promise<boolean> {
    return this.#one(async () => {
      if (this.#isDue) await this.#renew();
      return this.#offer({ pull: true });
    });
  }

  /** To be called after a reload. Where it fails, the log says so. */
  renew(): Promise<boolean> {
    this.#isDue = true;
    return this.#one(async () => (await this.#renew()) && this.#offer());
  }

  /** @returns whether it succeeded */
  async #renew(): Promise<boolean> {
    const { engine, logger } = this.#options;
    try {
      await engine.renew();
      this.#isDue = false;
      return true;
    } catch (error) {
      logger.error(
        { error: describeError(error) },
        'the image or command of the configuration cannot be used; that of before stays in use until a refresh succeeds',
      );
      return false;
    }
  }

  async #offer(options: { readonly pull?: boolean } = {}): Promise<boolean> {
    const { engine, rollout } = this.#options;
    const image = await engine.image(options);
    return rollout.offer({ image, recipe: engine.recipe });
  }
}
