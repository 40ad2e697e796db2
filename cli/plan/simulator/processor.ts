// The processors of a host in a simulation: starts under way share the cores that readers leave them.
import type { Random } from '../../../shared/clock.ts';
import type { Events } from './events.ts';
import { around, type HostLoad } from './model.ts';

export interface ProcessorOptions {
  readonly cores: number;
  /** Time of a start that has the host for itself. */
  readonly startMs: number;
  /** Processor time that a start takes. */
  readonly startCpuMs: number;
  /** Cores that a reader's sandbox uses on average. */
  readonly readerCores: number;
}

export interface ProcessorContext {
  readonly events: Events;
  readonly random: Random;
  readonly load: HostLoad;
}

interface Start {
  /** Where the common progress of all starts is when this one is done. ms of a start without others */
  readonly doneAt: number;
  readonly done: () => void;
}

/** A kernel gives starts some of a busy host, however many readers compute. */
const LEAST_SHARE = 0.1;

export class Processor {
  readonly #options: ProcessorOptions;
  readonly #context: ProcessorContext;
  readonly #starts = new Set<Start>();
  /** How far a start that began with the simulation would be. */
  #progress = 0;
  #at: number;
  #speed = 1;
  /** Of the event that ends the next start: an earlier one is void. */
  #turn = 0;

  constructor(options: ProcessorOptions, context: ProcessorContext) {
    this.#options = options;
    this.#context = context;
    this.#at = context.events.now;
  }

  begin(done: () => void): void {
    const { random } = this.#context;
    this.#advance();
    this.#starts.add({ doneAt: this.#progress + around(random, this.#options.startMs), done });
    this.#schedule();
  }

  #advance(): void {
    const { now } = this.#context.events;
    this.#progress += (now - this.#at) * this.#speed;
    this.#at = now;
  }

  #schedule(): void {
    let first: Start | undefined;
    for (const start of this.#starts) if (first === undefined || start.doneAt < first.doneAt) first = start;
    if (first === undefined) return;
    this.#speed = this.#speedNow();
    this.#turn += 1;
    const turn = this.#turn;
    const next = first;
    this.#context.events.in(Math.max(0, (next.doneAt - this.#progress) / this.#speed), () => {
      if (turn !== this.#turn) return;
      this.#advance();
      this.#starts.delete(next);
      this.#schedule();
      next.done();
    });
  }

  /** 1 where the cores suffice; else their share. */
  #speedNow(): number {
    const { cores, startMs, startCpuMs, readerCores } = this.#options;
    const free = Math.max(LEAST_SHARE * cores, cores - readerCores * this.#context.load.held);
    const wanted = (this.#starts.size * startCpuMs) / startMs;
    return wanted <= free ? 1 : free / wanted;
  }
}
