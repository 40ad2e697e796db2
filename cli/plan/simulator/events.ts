// The queue of events of a simulation: a binary heap by time.

interface Event {
  /** ms since 1970 */
  readonly at: number;
  readonly run: () => void;
}

export class Events {
  /** ms since 1970 */
  now: number;
  readonly #heap: Event[] = [];
  #isStopped = false;

  constructor(start: number) {
    this.now = start;
  }

  in(ms: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at: this.now + ms, run };
    let hole = heap.length;
    heap.push(event);
    while (hole > 0) {
      const up = (hole - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || parent.at <= event.at) break;
      heap[hole] = parent;
      hole = up;
    }
    heap[hole] = event;
  }

  /** Nothing happens any more. */
  stop(): void {
    this.#isStopped = true;
  }

  runUntil(end: number): void {
    while (!this.#isStopped) {
      const first = this.#heap[0];
      if (first === undefined || first.at > end) return;
      this.#removeFirst();
      this.now = first.at;
      first.run();
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const isRight = other !== undefined && other.at < one.at;
      const child = isRight ? other : one;
      if (child.at >= last.at) break;
      heap[hole] = child;
      hole = isRight ? left + 1 : left;
    }
    heap[hole] = last;
  }
}
