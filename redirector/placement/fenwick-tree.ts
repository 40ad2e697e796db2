// A Fenwick tree of weights: change one, or draw one in proportion, in O(log n).
//
// P. M. Fenwick, "A New Data Structure for Cumulative Frequency Tables", Software: Practice and Experience 24(3),
// 1994. Node i (from 1) holds the sum of the (i & −i) weights that end at i; a draw walks down the powers of two.

/**
 * Weights are whole numbers, and their sum stays below 2^53: so sums are exact, and no rounding is left over after
 * millions of changes that could make a draw end at a weight of 0.
 */
export class Fenwick {
  #weights: Float64Array;
  #sums: Float64Array;
  #size = 0;
  #total = 0;
  /** Half the capacity, which is a power of two: where a draw begins. */
  #top: number;

  constructor(capacity = 16) {
    const rounded = 2 ** Math.ceil(Math.log2(Math.max(2, capacity)));
    this.#weights = new Float64Array(rounded);
    this.#sums = new Float64Array(rounded + 1);
    this.#top = rounded / 2;
  }

  /** Places in use: 0 … size − 1. */
  get size(): number {
    return this.#size;
  }

  get total(): number {
    return this.#total;
  }

  at(place: number): number {
    return this.#weights[place] ?? 0;
  }

  /** Makes room when `place` is beyond what there is. @param weight a whole number, 0 or more */
  set(place: number, weight: number): void {
    if (place >= this.#weights.length) this.#grow(place + 1);
    if (place >= this.#size) this.#size = place + 1;
    const change = weight - this.at(place);
    if (change === 0) return;
    this.#weights[place] = weight;
    this.#total += change;
    const sums = this.#sums;
    for (let node = place + 1; node < sums.length; node += node & -node) {
      sums[node] = (sums[node] ?? 0) + change;
    }
  }

  /**
   * The place whose stretch of [0, total) holds `point`; never one of weight 0.
   * @param point in [0, total); undefined when the tree is empty of weight
   */
  find(point: number): number | undefined {
    if (this.#total <= 0) return undefined;
    const sums = this.#sums;
    let left = Math.min(point, this.#total - 1);
    let node = 0;
    for (let step = this.#top; step > 0; step >>= 1) {
      const next = node + step;
      const sum = sums[next] ?? 0;
      if (sum <= left) {
        node = next;
        left -= sum;
      }
    }
    return node;
  }

  #grow(needed: number): void {
    const weights = this.#weights;
    const size = this.#size;
    const larger = new Fenwick(Math.max(needed, weights.length * 2));
    this.#weights = larger.#weights;
    this.#sums = larger.#sums;
    this.#top = larger.#top;
    this.#total = 0;
    for (let place = 0; place < size; place += 1) this.set(place, weights[place] ?? 0);
  }
}
