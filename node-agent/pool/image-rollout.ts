// Which image sandboxes are made from, and which sandboxes are to be replaced: a newer image is taken, and given up when
// it does not start.
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Sandbox } from '../sandboxes/table.ts';

/** This many failed starts in a row speak against the image; one may be a bad moment of the host. */
const FAILURES = 3;

export class ImageRollout {
  #current = '';
  /** What a sandbox was last seen to start from: where to go back to. */
  #proven: string | undefined;
  #failures = 0;
  /** Given up; offered again, they are still the same. */
  readonly #rejected = new Set<string>();
  readonly #stale = new Set<string>();

  get current(): string {
    return this.#current;
  }

  /** Ids of unclaimed sandboxes that have yet to give way to new ones. */
  get stale(): ReadonlySet<string> {
    return this.#stale;
  }

  /** How many images were given up. */
  get givenUp(): number {
    return this.#rejected.size;
  }

  /** Marks what was made from another image, or by another recipe, than sandboxes are made by now. */
  compare(sandboxes: readonly Pick<Sandbox, 'id' | 'state' | 'image' | 'recipe'>[], recipe: string): void {
    for (const sandbox of sandboxes) {
      if (sandbox.image === this.#current && sandbox.recipe === recipe) this.#stale.delete(sandbox.id);
      else if (!isHeld(sandbox.state)) this.#stale.add(sandbox.id);
    }
  }

  /** Marks these whatever they were made from. */
  recycle(sandboxes: readonly Pick<Sandbox, 'id'>[]): void {
    for (const { id } of sandboxes) this.#stale.add(id);
  }

  /** It has a reader now, or is gone. */
  forget(id: string): void {
    this.#stale.delete(id);
  }

  /** The newest there is. @returns whether it is another than before, and was not given up already */
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

  /** @returns the image that is given up, when that was its last chance and there is one to go back to */
  failed(image: string): string | undefined {
    if (image !== this.#current || this.#proven === undefined || this.#proven === image) return undefined;
    this.#failures += 1;
    if (this.#failures < FAILURES) return undefined;
    this.#rejected.add(image);
    this.#current = this.#proven;
    return image;
  }
}
