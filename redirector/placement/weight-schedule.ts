// Which nodes' weights change by themselves, and when: each is looked at once in its epoch, and nobody else is.

export class Agenda {
  readonly #byEpoch = new Map<number, number[]>();
  /** The epoch each place is next due in; 0 for none. An entry elsewhere is an old one, and is skipped. */
  readonly #dueAt: number[] = [];
  #first = Number.POSITIVE_INFINITY;

  /** Keeps an earlier appointment: whoever is looked at then asks for the next one. */
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

  /** Whether anything may be due: the only question on the hot path. */
  isDue(epoch: number): boolean {
    return this.#first <= epoch;
  }

  /** Takes up to `limit` entries that are due, oldest epochs first; the rest stays for the next call. */
  take(epoch: number, limit: number, look: (place: number) => void): void {
    let left = limit;
    while (left > 0 && this.#first <= epoch) {
      const of = this.#first;
      const places = this.#byEpoch.get(of) ?? [];
      for (; left > 0 && places.length > 0; left -= 1) {
        const place = places.pop();
        if (place === undefined || this.#dueAt[place] !== of) continue;
        this.#dueAt[place] = 0;
        look(place);
      }
      if (places.length > 0) return;
      this.#byEpoch.delete(of);
      this.#first = Math.min(...this.#byEpoch.keys());
    }
  }
}
