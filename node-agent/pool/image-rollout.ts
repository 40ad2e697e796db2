// Decides which image sandboxes are made from, and which sandboxes to replace. A newer image is used once it is found,
// and given up when it does not start.
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Sandbox } from '../sandboxes/table.ts';

/** With this many failed starts in a row the image is given up; a single failure may be the host's. */
const FAILURES = 3;

export class ImageRollout {
  #current = '';
  /** The image of the last successful start: the one to go back to. */
  #proven: string | undefined;
  #failures = 0;
  /** Images that were given up; they are not tried again when they are offered again. */
  readonly #rejected = new Set<string>();
  readonly #stale = new Set<string>();

  get current(): string {
    return this.#current;
  }

  /** Ids of unclaimed sandboxes that are to be replaced. */
  get stale(): ReadonlySet<string> {
    return this.#stale;
  }

  /** Number of images that were given up. */
  get givenUp(): number {
    return this.#rejected.size;
  }

  /** Marks sandboxes that were made from another image or recipe than the current one. */
  compare(sandboxes: readonly Pick<Sandbox, 'id' | 'state' | 'image' | 'recipe'>[], recipe: string): void {
    for (const sandbox of sandboxes) {
      if (sandbox.image === this.#current && sandbox.recipe === recipe) this.#stale.delete(sandbox.id);
      else if (!isHeld(sandbox.state)) this.#stale.add(sandbox.id);
    }
  }

  /** Marks these sandboxes, whatever they were made from. */
  recycle(sandboxes: readonly Pick<Sandbox, 'id'>[]): void {
    for (const { id } of sandboxes) this.#stale.add(id);
  }

  /** The sandbox has a reader now, or is gone. */
  forget(id: string): void {
    this.#stale.delete(id);
  }

  /** Takes the newest image. @returns whether it differs from the current one, and was not given up already */
  offer(image: string): boolean {
    if (image === this.#current || this.#rejected.has(image)) return false;
    this.#current = image;
    this.#failures = 0;
    return true;
  }

  started(image: string): void {
    this.#proven = image;
    if (image === this.#current) this.#failures = 0;
  }

  /** @returns the image that is given up, if this failure was the last allowed and there is an image to go back to */
  failed(image: string): string | undefined {
    if (image !== this.#current || this.#proven === undefined || this.#proven === image) return undefined;
    this.#failures += 1;
    if (this.#failures < FAILURES) return undefined;
    this.#rejected.add(image);
    this.#current = this.#proven;
    return image;
  }
}
