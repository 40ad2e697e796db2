// What a run measures: the times of each step, by node as well; the readers and how their visits ended; errors by kind, with an
// example each; and all of it in slices of time, for the plots.
import type { Clock } from '../../../shared/clock.ts';
import { Times } from './histogram.ts';
import { type SliceJson, Slices } from './slices.ts';

/** How a visit ended. `refused`: the fleet said that it has no room, or that the client asks too often. */
export const OUTCOMES = ['served', 'refused', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface ErrorKind {
  readonly outcome: Problem['outcome'];
  /** `ECONNREFUSED`, `http-500`, `timeout` … */
  readonly kind: string;
  readonly step: string;
  readonly node: string;
  count: number;
  /** When the first and the last one happened, since the begin of the run. */
  readonly first_second: number;
  last_second: number;
  /** What one of them said, in full. */
  readonly example: string;
}

/** A sandbox's answers can name any number of kinds; further ones are counted as `other`. */
const MOST_KINDS = 200;
const LONGEST_EXAMPLE = 400;
/** Nodes of a fleet that are told apart. */
const MOST_NODES = 2_000;

export interface Problem {
  readonly outcome: 'refused' | 'failed';
  readonly kind: string;
  readonly step: string;
  /** Empty where no node is concerned. */
  readonly node: string;
  readonly example: string;
}

export class Recorder {
  readonly steps = new Map<string, Times>();
  /** By node, then by step. */
  readonly nodes = new Map<string, Map<string, Times>>();
  /** Answers by step and status. */
  readonly statuses = new Map<string, Map<number, number>>();
  /** What front and nodes say of themselves by `Server-Timing`, by its names. */
  readonly server = new Map<string, Times>();
  readonly errors = new Map<string, ErrorKind>();
  readonly ended: Record<Outcome, number> = { served: 0, refused: 0, failed: 0 };
  readonly #slices: Slices;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #began: number;
  arrived = 0;
  open = 0;
  bytes = 0;

  /** @param sliceMs length of a slice */
  constructor(clock: Pick<Clock, 'monotonic'>, sliceMs: number) {
    this.#slices = new Slices(clock, sliceMs);
    this.#clock = clock;
    this.#began = clock.monotonic();
  }

  arrive(): void {
    this.arrived += 1;
    this.open += 1;
    this.#slices.count('arrived');
    this.#slices.open(this.open);
  }

  leave(): void {
    this.open -= 1;
    this.#slices.open(this.open);
  }

  /** The visit reached what it came for, or did not; once for each reader. */
  end(outcome: Outcome): void {
    this.ended[outcome] += 1;
    this.#slices.count(outcome);
  }

  /** @param node empty where no node is concerned */
  time(step: string, ms: number, node = ''): void {
    timesOf(this.steps, step).record(ms);
    this.#slices.time(step, ms);
    if (node === '' || (!this.nodes.has(node) && this.nodes.size >= MOST_NODES)) return;
    const steps = this.nodes.get(node) ?? new Map<string, Times>();
    this.nodes.set(node, steps);
    timesOf(steps, step).record(ms);
  }

  status(step: string, status: number): void {
    const counts = this.statuses.get(step) ?? new Map<number, number>();
    this.statuses.set(step, counts);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }

  /** @param header `Server-Timing: front;dur=0.3, node;dur=1.2` */
  serverTiming(header: string | undefined): void {
    for (const [, name = '', ms] of header?.matchAll(/([\w-]{1,40})(?:;[^,;]*)*?;\s*dur=(\d+(?:\.\d+)?)/g) ??
      [])
      if (this.server.has(name) || this.server.size < MOST_KINDS)
        timesOf(this.server, name).record(Number(ms));
  }

  error({ outcome, kind, step, node, example }: Problem): void {
    if (outcome === 'failed') this.#slices.count('errors');
    const isKnown = this.errors.has(keyOf({ outcome, kind, step, node })) || this.errors.size < MOST_KINDS;
    const named = isKnown ? { outcome, kind, step, node } : { outcome, kind: 'other', step: '', node: '' };
    const key = keyOf(named);
    const known = this.errors.get(key);
    const second = Math.round((this.#clock.monotonic() - this.#began) / 100) / 10;
    if (known !== undefined) {
      known.count += 1;
      known.last_second = second;
      return;
    }
    const when = { first_second: second, last_second: second };
    this.errors.set(key, { ...named, count: 1, ...when, example: example.slice(0, LONGEST_EXAMPLE) });
  }

  /** Closed at the end of the run. */
  slices(): readonly SliceJson[] {
    return this.#slices.close();
  }
}

function keyOf({ outcome, kind, step, node }: Omit<Problem, 'example'>): string {
  return [outcome, kind, step, node].join('\n');
}

function timesOf(all: Map<string, Times>, name: string): Times {
  const times = all.get(name) ?? new Times();
  all.set(name, times);
  return times;
}
