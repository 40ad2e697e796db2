// When nodes' weights change by themselves: each place is weighed again in its epoch, and no other place is looked at.

export class WeightSchedule {
  readonly #byEpoch = new Map<number, number[]>();
  /** The epoch in which each place is due next; 0 for none. Entries of `#byEpoch` that differ are outdated and skipped. */
  readonly #dueAt: number[] = [];
  #first = Number.POSITIVE_INFINITY;

  /** An earlier date that is set already stays: weighing the place then sets the next one. */
  add(place: number, epoch: number): void {
    const due = this.#dueAt[place] ?? 0;
    if (due !== 0 && due <= epoch) return;
    this.#dueAt[place] = epoch;
    const places = this.#byEpoch.get(epoch);
    if (places === undefined) this.#byEpoch.set(epoch, [place]);
    else places.push(place);
    this.#first = Math.min(this.#first, epoch);
  }

  remove(place: number): void {
    this.#dueAt[place] = 0;
  }

  /** Whether any place may be due; cheap, as each redirect asks it. */
  isDue(epoch: number): boolean {
    return this.#first <= epoch;
  }

  /** Takes up to `limit` places that are due, oldest epochs first; the rest stays for the next call. */
  take(epoch: number, limit: number, weigh: (place: number) => void): void {
    let left = limit;
    while (left > 0 && this.#first <= epoch) {
      const first = this.#first;
      const places = this.#byEpoch.get(first) ?? [];
      for (; left > 0 && places.length > 0; left -= 1) {
        const place = places.pop();
        if (place === undefined || this.#dueAt[place] !== first) continue;
        this.#dueAt[place] = 0;
        weigh(place);
      }
      if (places.length > 0) return;
      this.#byEpoch.delete(first);
      this.#first = Math.min(...this.#byEpoch.keys());
    }
  }
}
