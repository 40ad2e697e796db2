// What the fleet says of itself while it is loaded: its public /stats, again and again, to stand beside what readers lived through.
import { request } from 'undici';
import { z } from 'zod';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import { readText } from '../../../shared/http/read-body.ts';
import { fleetReportSchema, parseJson } from '../../../shared/protocol/wire.ts';

const EVERY_MS = 1_000;
const TIMEOUT_MS = 5_000;
/** A front's answer names each node. */
const LIMIT = { bytes: 16 * 1024 * 1024, what: 'the answer of /stats' };
/** Longer runs keep every second sample, then every fourth, and so on. */
const MOST_SAMPLES = 2_000;

export const fleetSampleSchema = z.object({
  /** Since the begin of the run. */
  second: z.number(),
  capacity: z.number(),
  available: z.number(),
  /** Of nodes with a report; 0 for plain tmpnb nodes. */
  ...{ warm: z.number(), starting: z.number(), held: z.number(), waiting: z.number() },
  /** Nodes that answer. */
  nodes: z.number(),
  nodes_down: z.number(),
});
export type FleetSample = z.infer<typeof fleetSampleSchema>;

const nodeSchema = z.object({ down: z.boolean().optional(), fleet: fleetReportSchema.partial().optional() });
const statsSchema = nodeSchema.extend({
  available: z.number(),
  capacity: z.number(),
  hosts: z.record(z.string(), nodeSchema).optional(),
});

/** Undefined for what is no answer of a front or a node. */
export function readSample(text: string, second: number): FleetSample | undefined {
  let stats: z.infer<typeof statsSchema>;
  try {
    stats = parseJson(text, statsSchema, 'the answer of /stats');
  } catch {
    return undefined;
  }
  const nodes = stats.hosts === undefined ? [stats] : Object.values(stats.hosts);
  const sum = (name: 'warm' | 'starting' | 'held' | 'waiting'): number =>
    nodes.reduce((total, { fleet }) => total + (fleet?.[name] ?? 0), 0);
  const down = nodes.filter((node) => node.down === true).length;
  return {
    second,
    ...{ capacity: stats.capacity, available: stats.available },
    ...{ warm: sum('warm'), starting: sum('starting'), held: sum('held'), waiting: sum('waiting') },
    ...{ nodes: nodes.length - down, nodes_down: down },
  };
}

export class FleetWatch {
  readonly samples: FleetSample[] = [];
  readonly #url: string;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #began: number;
  readonly #stop = new AbortController();
  #every = 1;
  #asked = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param url of the front, or of a node */
  constructor(url: string, clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#url = new URL('/stats', url).href;
    this.#clock = clock;
    this.#began = clock.monotonic();
    void this.#ask();
  }

  get last(): FleetSample | undefined {
    return this.samples.at(-1);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  async #ask(): Promise<void> {
    const second = Math.round((this.#clock.monotonic() - this.#began) / 100) / 10;
    const sample = await this.#read(second);
    if (this.#stop.signal.aborted) return;
    // Where there is none at the beginning, there is no fleet: any app may be loaded.
    if (sample === undefined && this.samples.length === 0) return;
    if (sample !== undefined && this.#asked % this.#every === 0) this.samples.push(sample);
    this.#asked += 1;
    if (this.samples.length > MOST_SAMPLES) {
      this.samples.splice(0, this.samples.length, ...this.samples.filter((_, index) => index % 2 === 0));
      this.#every *= 2;
    }
    this.#timer = setTimeout(() => void this.#ask(), EVERY_MS);
  }

  async #read(second: number): Promise<FleetSample | undefined> {
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const { statusCode, body } = await request(this.#url, { signal });
      const text = await readText(body, LIMIT);
      return statusCode === 200 ? readSample(text, second) : undefined;
    } catch {
      return undefined;
    }
  }
}
