// Which place the next reader goes to: the draw itself. Pure: weights in, a choice out.
import type { Random } from '../../shared/clock.ts';
import { Fenwick } from './fenwick-tree.ts';

export interface PlaceWeights {
  readonly warm: number;
  /** Room for a cold start. */
  readonly cold: number;
  /** Warm sandboxes by the last report, less only the readers whom it could not show yet. */
  readonly doubted: number;
}

export const NO_WEIGHT: PlaceWeights = { warm: 0, cold: 0, doubted: 0 };

/**
 * Two independent draws with probability proportional to the warm weight, the larger of the two kept; where nothing
 * is warm anywhere, one draw by room for a cold start; where there is none, one draw by the warm sandboxes that only
 * doubted readers may be on their way to: a guess must not close a fleet that is empty, and a bounce corrects it.
 *
 * Weighted, because uniform draws overload small nodes; two, because one draw leaves the most loaded node
 * exponentially fuller (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10),
 * 2001); not the maximum, because redirectors with the same stale reports would all choose the same node.
 */
export class Placement {
  readonly #warm = new Fenwick();
  readonly #cold = new Fenwick();
  readonly #doubted = new Fenwick();

  /** @param weights whole numbers, 0 or more */
  set(place: number, { warm, cold, doubted }: PlaceWeights): void {
    this.#warm.set(place, warm);
    this.#cold.set(place, cold);
    this.#doubted.set(place, doubted);
  }

  setWarm(place: number, warm: number): void {
    this.#warm.set(place, warm);
  }

  at(place: number): PlaceWeights {
    return { warm: this.#warm.at(place), cold: this.#cold.at(place), doubted: this.#doubted.at(place) };
  }

  /** Undefined when nothing has weight but what is `excluded`. */
  choose(random: Random, excluded: readonly number[] = []): number | undefined {
    if (excluded.length === 0) return this.#draw(random);
    // Out of the trees and back again: O(log n) each, where filtering would look at every node.
    const before = excluded.map((place) => [place, this.at(place)] as const);
    for (const place of excluded) this.set(place, NO_WEIGHT);
    const chosen = this.#draw(random);
    for (const [place, weights] of before) this.set(place, weights);
    return chosen;
  }

  #draw(random: Random): number | undefined {
    const warm = this.#warm;
    const first = warm.find(random() * warm.total);
    if (first === undefined) {
      const cold = this.#cold.find(random() * this.#cold.total);
      return cold ?? this.#doubted.find(random() * this.#doubted.total);
    }
    const second = warm.find(random() * warm.total) ?? first;
    return warm.at(second) > warm.at(first) ? second : first;
  }
}
