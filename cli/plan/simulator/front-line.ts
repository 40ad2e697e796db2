// The line at a front in a simulation: who has no node stands in it, is let in by the time of arrival, and gives up at last.
// As redirector/line/gate.ts with one front; what a reader's page does between two requests is left out.
import type { Events } from './events.ts';
import type { Front } from './scenario.ts';

export interface InLine {
  readonly arrivedAt: number;
  /** Nodes that have sent the reader back, and when the last one did. */
  tried: readonly number[];
  triedAt: number;
}

export interface FrontLineOptions<Reader extends InLine> {
  readonly front: Front;
  readonly events: Events;
  /** How long a reader stands in line. ms */
  readonly patienceMs: number;
  /** Polls the nodes that were not asked for a second. */
  readonly pollSoon: () => void;
  readonly letIn: (reader: Reader, index: number) => void;
  readonly gaveUp: (reader: Reader) => void;
}

const ROUND_MS = 250;
/** A warm sandbox that others are said to be on their way to is given to the first in line after this time. ms */
const DOUBT_MS = 3_000;

export class FrontLine<Reader extends InLine> {
  readonly #options: FrontLineOptions<Reader>;
  /** By arrival. */
  readonly #readers: Reader[] = [];
  #isGoingRound = false;
  #isOpen = false;
  #doubtingSince: number | undefined;

  constructor(options: FrontLineOptions<Reader>) {
    this.#options = options;
  }

  get length(): number {
    return this.#readers.length;
  }

  /** A reader who has stood in line before goes to the place that their arrival gives them. */
  join(reader: Reader): void {
    const { events, patienceMs, gaveUp } = this.#options;
    let place = this.#readers.length;
    while (place > 0 && (this.#readers[place - 1]?.arrivedAt ?? 0) > reader.arrivedAt) place -= 1;
    this.#readers.splice(place, 0, reader);
    events.in(Math.max(0, reader.arrivedAt + patienceMs - events.now), () => {
      const now = this.#readers.indexOf(reader);
      if (now < 0) return;
      this.#readers.splice(now, 1);
      gaveUp(reader);
    });
    this.admit();
    this.#goRound();
  }

  /** Lets readers in, as far as there is room. @param isThorough four times a second; otherwise there may be room */
  admit(isThorough = false): void {
    if (this.#isOpen || this.#readers.length === 0) return;
    this.#isOpen = true;
    for (let place = 0; place < this.#readers.length; ) {
      const reader = this.#readers[place];
      if (reader === undefined) break;
      const index = this.#send(reader, isThorough);
      if (index !== undefined) {
        this.#readers.splice(place, 1);
        this.#options.letIn(reader, index);
      } else if (reader.tried.length === 0) {
        // None behind them can be sent.
        break;
      } else place += 1;
    }
    this.#isOpen = false;
  }

  #send(reader: Reader, isThorough: boolean): number | undefined {
    const { front, events } = this.#options;
    const { line } = front;
    if (line === undefined) return front.send([]);
    // A node that has reported since may be tried again.
    if (reader.tried.length > 0)
      reader.tried = reader.tried.filter((index) => line.askedAt(index) <= reader.triedAt);
    const index = line.send(reader.tried);
    if (index === undefined && !isThorough) return undefined;
    if (index !== undefined || !line.reportsWarm()) {
      this.#doubtingSince = undefined;
      return index;
    }
    this.#doubtingSince ??= events.now;
    if (events.now - this.#doubtingSince < DOUBT_MS) return undefined;
    this.#doubtingSince = undefined;
    return front.sendByReport?.(reader.tried, events.now - DOUBT_MS);
  }

  #goRound(): void {
    if (this.#isGoingRound) return;
    this.#isGoingRound = true;
    this.#options.events.in(ROUND_MS, () => {
      this.#isGoingRound = false;
      if (this.#readers.length === 0) return;
      this.#options.pollSoon();
      this.admit(true);
      this.#goRound();
    });
  }
}
