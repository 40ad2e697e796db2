// How long a reader in line has to wait: from how fast sandboxes in use end, and how fast readers in line give up.
//
// A fleet that is full gives a place to the next reader when a sandbox in use ends. Each ends with the same probability in
// each second (as far as is known), so with `held` in use the line moves by rate = held × hazard. Readers ahead who give up
// move it, too: each with probability `leaving` in a second. So dn/dt = −rate − leaving × n for the n-th reader, and the
// time until n = 0 is ln(1 + leaving × n / rate) / leaving: the fluid limit of a queue with reneging (W. Whitt, "Fluid models
// for multiserver queues with abandonments", Operations Research 54, 2006).

/** Until endings were measured, a sandbox is taken to be in use for this long. s */
export const ASSUMED_USE_S = 600;
/** From so many endings on, only what was measured counts. */
const ENOUGH = 3;
/** Beyond so many events, older ones count half: what is measured follows a day's course. */
const REMEMBERED = 128;
/** No reader hears of less: a sandbox that is free must be found and opened. s */
const SHORTEST_S = 2;

/** Events by the time in which they could happen. */
class Frequency {
  events = 0;
  /** s, summed over all that could end. */
  exposure = 0;

  add(events: number, exposure: number): void {
    this.events += events;
    this.exposure += exposure;
    if (this.events < REMEMBERED) return;
    this.events /= 2;
    this.exposure /= 2;
  }
}

/** What a node says of its use. */
export interface UseReport {
  /** Of the program: the counts begin with it. */
  readonly boot: string;
  /** Sandboxes given out since then. */
  readonly claims: number;
  /** In use. */
  readonly held: number;
  /** ms since 1970 */
  readonly at: number;
}

export class Estimate {
  readonly #endings = new Frequency();
  readonly #leavings = new Frequency();
  readonly #last = new WeakMap<object, UseReport>();

  /**
   * Counts what has ended at a node since its last report: of those in use then and claimed since, those that are not in use.
   * @param node stands for the node
   */
  report(node: object, report: UseReport): void {
    const last = this.#last.get(node);
    if (last?.at === report.at) return;
    this.#last.set(node, report);
    if (last === undefined || last.boot !== report.boot || report.at < last.at) return;
    const ended = last.held + (report.claims - last.claims) - report.held;
    const seconds = (report.at - last.at) / 1_000;
    this.#endings.add(Math.max(0, ended), ((last.held + report.held) / 2) * seconds);
  }

  /** @param waiting readers in line @param left those of them who have given up in these seconds */
  countLeaving(waiting: number, left: number, seconds: number): void {
    this.#leavings.add(left, waiting * seconds);
  }

  /** Whether what it says was measured, not assumed. */
  get isMeasured(): boolean {
    return this.#endings.events >= ENOUGH;
  }

  /** Sandboxes that end in a second. @param held in use, at nodes that give the room to another reader */
  ratePerSecond(held: number): number {
    const { events, exposure } = this.#endings;
    const assumed = this.isMeasured ? 0 : 1;
    return (Math.max(1, held) * (events + assumed)) / (exposure + assumed * ASSUMED_USE_S);
  }

  /** Seconds until the reader at this place is let in. @param place 1 for the first @param rate as `ratePerSecond` gives it */
  secondsFor(place: number, rate: number): number {
    const { events, exposure } = this.#leavings;
    const leaving = events < ENOUGH ? 0 : events / exposure;
    const seconds = leaving === 0 ? place / rate : Math.log1p((leaving * place) / rate) / leaving;
    return Math.max(SHORTEST_S, Math.ceil(seconds));
  }
}
