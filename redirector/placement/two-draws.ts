// Which place the next reader goes to: the draw itself. Pure: weights in, a choice out.
import type { Random } from '../../shared/clock.ts';
import { Fenwick } from './fenwick-tree.ts';

/**
 * Two independent draws with probability proportional to the warm weight, the larger of the two kept; where nothing
 * is warm anywhere, one draw by room for a cold start.
 *
 * Weighted, because uniform draws overload small nodes; two, because one draw leaves the most loaded node
 * exponentially fuller (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10),
 * 2001); not the maximum, because redirectors with the same stale reports would all choose the same node.
 */
export class Placement {
  readonly #warm = new Fenwick();
  readonly #cold = new Fenwick();

  /** @param warm whole numbers, 0 or more, as is `cold` */
  set(place: number, warm: number, cold: number): void {
    this.#warm.set(place, warm);
    this.#cold.set(place, cold);
  }

  setWarm(place: number, warm: number): void {
    this.#warm.set(place, warm);
  }

  warmAt(place: number): number {
    return this.#warm.at(place);
  }

  coldAt(place: number): number {
    return this.#cold.at(place);
  }

  /** Undefined when nothing has weight but what is `excluded`. */
  choose(random: Random, excluded: readonly number[] = []): number | undefined {
    if (excluded.length === 0) return this.#draw(random);
    // Out of the trees and back again: O(log n) each, where filtering would look at every node.
    const before = excluded.map((place) => [place, this.#warm.at(place), this.#cold.at(place)] as const);
    for (const place of excluded) this.set(place, 0, 0);
    const chosen = this.#draw(random);
    for (const [place, warm, cold] of before) this.set(place, warm, cold);
    return chosen;
  }

  #draw(random: Random): number | undefined {
    const warm = this.#warm;
    const first = warm.find(random() * warm.total);
    if (first === undefined) return this.#cold.find(random() * this.#cold.total);
    const second = warm.find(random() * warm.total) ?? first;
    return warm.at(second) > warm.at(first) ? second : first;
  }
}
