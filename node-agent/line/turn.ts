// What lets a reader in line in: room for one claim, until the claim was made or was not.
import type { Place } from '../../shared/line/place.ts';

export class Turn {
  readonly place: Place;
  readonly #onEnd: () => void;
  #isTaken = false;
  #isOver = false;

  constructor(place: Place, onEnd: () => void) {
    this.place = place;
    this.#onEnd = onEnd;
  }

  /** True for the first of several requests with one place. */
  take(): boolean {
    const isFirst = !this.#isTaken;
    this.#isTaken = true;
    return isFirst;
  }

  /** From now on the pool's own counts say what room there is. */
  end(): void {
    if (!this.#isOver) this.#onEnd();
    this.#isOver = true;
  }
}
