// Decides which image and recipe sandboxes are made from, and which sandboxes to replace. A newer image, or another recipe, is used
// once it is found, and given up when it does not start.
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Sandbox } from '../sandboxes/table.ts';

/** With this many failed starts in a row the image is given up; a single failure may be the host's. */
const FAILURES = 3;

/** What a sandbox is made from: the identities of an image, and of everything else. */
export type Make = Pick<Sandbox, 'image' | 'recipe'>;

export class ImageRollout {
  #current: Make = { image: '', recipe: '' };
  /** That of the last successful start: the one to go back to. */
  #proven: Make | undefined;
  #failures = 0;
  /** Those that were given up; they are not tried again when they are offered again. */
  readonly #rejected = new Set<string>();
  readonly #stale = new Set<string>();

  get current(): Make {
    return this.#current;
  }

  /** Whether none has started from the current image and recipe yet, and there are others to go back to. */
  get isTrial(): boolean {
    return this.#proven !== undefined && !isSame(this.#proven, this.#current);
  }

  /** Ids of unclaimed sandboxes that are to be replaced. */
  get stale(): ReadonlySet<string> {
    return this.#stale;
  }

  /** Number of images and recipes that were given up. */
  get givenUp(): number {
    return this.#rejected.size;
  }

  /** Marks sandboxes that were made from another image or recipe than the current one. */
  compare(sandboxes: readonly Pick<Sandbox, 'id' | 'state' | 'image' | 'recipe'>[]): void {
    for (const sandbox of sandboxes) {
      if (isSame(sandbox, this.#current)) this.#stale.delete(sandbox.id);
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

  /** Takes the newest. @returns whether it differs from the current one, and was not given up already */
  offer(make: Make): boolean {
    if (isSame(make, this.#current) || this.#rejected.has(keyOf(make))) return false;
    this.#current = make;
    this.#failures = 0;
    return true;
  }

  started(make: Make): void {
    this.#proven = { image: make.image, recipe: make.recipe };
    if (isSame(make, this.#current)) this.#failures = 0;
  }

  /** @returns what is given up, if this failure was the last allowed and there is something to go back to */
  failed(make: Make): Make | undefined {
    if (!isSame(make, this.#current) || this.#proven === undefined || isSame(this.#proven, make))
      return undefined;
    this.#failures += 1;
    if (this.#failures < FAILURES) return undefined;
    this.#rejected.add(keyOf(make));
    this.#current = this.#proven;
    return make;
  }
}

function isSame(a: Make, b: Make): boolean {
  return a.image === b.image && a.recipe === b.recipe;
}

function keyOf({ image, recipe }: Make): string {
  return `${image} ${recipe}`;
}
