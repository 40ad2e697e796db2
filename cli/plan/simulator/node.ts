// A node in a simulation: its pool of sandboxes, the readers who wait for a start, and its report.
import { CONCURRENT_REMOVALS } from '../../../node-agent/pool/launcher.ts';
import { coldRoom, poolTargets } from '../../../node-agent/pool/plan.ts';
import { EPOCH_MS, YOUNG_EPOCHS } from '../../../redirector/nodes/pending.ts';
import type { NodeStats } from '../../../shared/protocol/wire.ts';
import type { Events } from './events.ts';
import type { Host, Model } from './model.ts';
import type { NodeSize } from './scenario.ts';

/** Epochs that a report tells of: those that a front counts, and two more for one whose report is late. */
const REPORTED_EPOCHS = YOUNG_EPOCHS + 2;

const NONE_ENDED = {};

/** Multiples of it are spread evenly, however many there are. */
const GOLDEN = 0.618_033_988_75;

/** A reader who waits for a start. */
interface Waiting {
  readonly since: number;
  readonly served: () => void;
}

export interface NodeOptions {
  readonly size: NodeSize;
  readonly index: number;
  readonly redirectors: number;
  readonly events: Events;
  readonly model: Model;
  /** When the first node looks for sandboxes to end, as a part of the time between two looks: from 0 to 1. */
  readonly cullPhase: number;
}

export class SimulatedNode {
  readonly index: number;
  readonly capacity: number;
  warm: number;
  /** Sandboxes that readers have. */
  held = 0;
  /** Readers on their way to it. */
  coming = 0;
  /** Grows with every change that a report would tell. */
  version = 0;
  readonly #name: string;
  readonly #events: Events;
  readonly #model: Model;
  readonly #host: Host;
  #starting = 0;
  #removing = 0;
  readonly #laneFreeAt: number[] = new Array<number>(CONCURRENT_REMOVALS).fill(0);
  /** When the node has once looked for sandboxes to end. */
  readonly #culledAt: number;
  #claims = 0;
  /** Of its reports. */
  #seq = 0;
  #line: Waiting[] = [];
  /** Tickets that arrived, by redirector and epoch. */
  readonly #seen: readonly Map<number, number>[];

  constructor({ size, index, redirectors, events, model, cullPhase }: NodeOptions) {
    this.index = index;
    this.#name = `n${index}`;
    this.capacity = size.capacity;
    this.warm = size.warm;
    this.#events = events;
    // Nodes do not look at the same time.
    this.#culledAt = events.now + ((cullPhase + index * GOLDEN) % 1) * model.cullMs;
    this.#model = model;
    this.#host = model.createHost(size, this);
    this.#seen = Array.from({ length: redirectors }, () => new Map<number, number>());
    const { everyMs } = this.#host;
    if (everyMs !== undefined) this.#adjustEvery(everyMs);
  }

  /** Slots for readers, those on their way and those who wait counted. */
  get room(): number {
    return this.capacity - this.held - this.#removing - this.#line.length - this.coming;
  }

  get mayWait(): boolean {
    const { capacity, warm, held } = this;
    const counts = { removing: this.#removing, starting: this.#starting, waiting: this.#line.length };
    return coldRoom({ capacity, warm, held, paused: false, ...counts }) > 0;
  }

  countTicket(redirector: number, epoch: number): void {
    this.version += 1;
    const counts = this.#seen[redirector];
    counts?.set(epoch, (counts.get(epoch) ?? 0) + 1);
  }

  /** Gives a warm sandbox to a reader. */
  claimWarm(): void {
    this.warm -= 1;
    this.#stay();
  }

  /** The reader waits for a start; `inVain` where it takes too long. */
  wait(served: () => void, inVain: () => void): void {
    const waiting = { since: this.#events.now, served };
    this.#line.push(waiting);
    this.#refill();
    const { claimWaitMs } = this.#model;
    if (claimWaitMs === Number.POSITIVE_INFINITY) return;
    this.#events.in(claimWaitMs, () => {
      const place = this.#line.indexOf(waiting);
      if (place < 0) return;
      this.#line.splice(place, 1);
      this.version += 1;
      inVain();
    });
  }

  #stay(): void {
    this.held += 1;
    this.#claims += 1;
    this.#host.claimed();
    this.#refill();
    this.#events.in(this.#untilCulled(this.#model.stayMs()), () => {
      this.held -= 1;
      this.#remove();
      this.#refill();
    });
  }

  /** Sandboxes are ended when their node looks: many at a time, and those that were claimed at one time together. */
  #untilCulled(ms: number): number {
    const { cullMs } = this.#model;
    if (cullMs === 0) return ms;
    const { now } = this.#events;
    return Math.ceil((now + ms - this.#culledAt) / cullMs) * cullMs + this.#culledAt - now;
  }

  /** The slot is free when the removal is over. */
  #remove(): void {
    const { removeMs } = this.#model;
    if (removeMs === 0) return;
    const { now } = this.#events;
    this.#removing += 1;
    // Some at a time; the others wait for the lane that is free first.
    const lane = this.#laneFreeAt.indexOf(Math.min(...this.#laneFreeAt));
    const freeAt = Math.max(now, this.#laneFreeAt[lane] ?? 0) + removeMs;
    this.#laneFreeAt[lane] = freeAt;
    this.#events.in(freeAt - now, () => {
      this.#removing -= 1;
      this.#refill();
    });
  }

  /** What the product's pool would do: see `planPool`. */
  #refill(): void {
    this.version += 1;
    const { capacity, held } = this;
    const about = { capacity, held, removing: this.#removing, waiting: this.#line.length };
    const { wanted, most } = poolTargets({ ...about, warmTarget: this.#host.target() });
    while (this.warm > most) {
      this.warm -= 1;
      this.#remove();
    }
    while (this.#starting < this.#host.limit() && this.warm + this.#starting < wanted) {
      this.#starting += 1;
      this.#host.begin(() => {
        this.#starting -= 1;
        const first = this.#line.shift();
        if (first === undefined) this.warm += 1;
        else {
          first.served();
          this.#stay();
        }
        this.#refill();
      });
    }
  }

  #adjustEvery(ms: number): void {
    this.#events.in(ms, () => {
      this.#refill();
      this.#adjustEvery(ms);
    });
  }

  /** A node's `/stats`, as one of the redirectors gets it. */
  report(key: string, redirector: number): NodeStats {
    const oldest = Math.floor(this.#events.now / EPOCH_MS) - REPORTED_EPOCHS;
    const seen = this.#seen[redirector] ?? new Map<number, number>();
    for (const epoch of seen.keys()) if (epoch < oldest) seen.delete(epoch);
    this.#seq += 1;
    const { capacity, warm, held } = this;
    // Without spreads: this is most of a simulation's time.
    return {
      available: warm,
      capacity,
      fleet: {
        protocol: 1,
        node: this.#name,
        boot: 'b',
        seq: this.#seq,
        state: 'ready',
        image: 'x',
        warm,
        starting: this.#starting,
        held,
        removing: this.#removing,
        claims: this.#claims,
        waiting: this.#line.length,
        capacity,
        ended: NONE_ENDED,
        load: 0,
        seen: { [key]: Object.fromEntries(seen) },
      },
    };
  }
}
