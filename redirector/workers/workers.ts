// --workers N: N processes answer readers on one port, each with a view and a ticket key of its own; this process
// keeps the registry, the control listener and the numbers of the whole, and sees to it that there are N.
import cluster from 'node:cluster';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../shared/logging.ts';
import { type Loop, startLoop } from '../../shared/loop.ts';
import type { Member } from '../../shared/protocol/wire.ts';
import type { RedirectorConfig } from '../config.ts';
import type { Tally } from '../fleet-page/history.ts';
import { tally } from '../fleet-page/tally.ts';
import { type MetricsJson, sumMetrics } from './metrics.ts';
import { Seat } from './seat.ts';

export interface WorkersOptions {
  readonly config: RedirectorConfig;
  readonly logger: Logger;
  readonly members: () => readonly Member[];
}

/** How often workers are asked what they counted, ms: so much is lost of the counts of one that is killed. */
const COUNT_MS = 1_000;

export class Workers {
  readonly url: string;
  readonly #seats: readonly Seat[];
  readonly #members: () => readonly Member[];
  readonly #gone: () => Promise<MetricsJson>;
  readonly #counting: Loop;
  /** As of the last count. */
  #counted: readonly MetricsJson[] = [];

  private constructor(parts: {
    readonly url: string;
    readonly seats: readonly Seat[];
    readonly gone: () => Promise<MetricsJson>;
    readonly options: WorkersOptions;
  }) {
    this.url = parts.url;
    this.#seats = parts.seats;
    this.#members = parts.options.members;
    this.#gone = parts.gone;
    this.#counting = startLoop(() => this.#count(), {
      interval: () => COUNT_MS,
      jitter: 0,
      random: () => 0,
      logger: parts.options.logger,
      what: 'counting what the workers did',
    });
  }

  /** Resolves when all of them serve. @throws FleetError `port-taken`, `unavailable` */
  static async start(options: WorkersOptions): Promise<Workers> {
    // The kernel hands connections to whoever is free: no process has to pass each of them on to another.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: CHILD, execArgv: [], args: [] });
    const { host, port } = options.config;
    const config = { ...options.config, port: port === 0 ? await freePort(host) : port };
    let gone: Promise<MetricsJson> = Promise.resolve([]);
    const seats = Array.from(
      { length: config.workers },
      () =>
        new Seat({
          ...options,
          config,
          gone: (metrics) => {
            gone = gone.then((sum) => sumMetrics([sum, metrics]));
          },
        }),
    );
    try {
      const [url = ''] = await Promise.all(seats.map((seat) => seat.start()));
      return new Workers({ url, seats, gone: () => gone, options });
    } catch (error) {
      await Promise.all(seats.map((seat) => seat.stop()));
      throw error;
    }
  }

  /** How many processes there are. */
  get running(): number {
    return this.#seats.filter((seat) => seat.isUp).length;
  }

  /** Resolves when every worker has heard which nodes there are. */
  async announce(): Promise<void> {
    const members = this.#members();
    await Promise.all(this.#seats.map((seat) => seat.tell(members)));
  }

  /** Of each worker, and of all that are gone. */
  async metrics(): Promise<readonly MetricsJson[]> {
    const live = await Promise.all(this.#seats.map((seat) => seat.metrics()));
    return [await this.#gone(), ...live];
  }

  /** What all of them did, as of the last count, so that nobody need be asked. */
  tally(): Tally {
    return tally(this.#counted.flat());
  }

  async close(): Promise<void> {
    await this.#counting.stop();
    await Promise.all(this.#seats.map((seat) => seat.stop()));
  }

  async #count(): Promise<void> {
    this.#counted = await this.metrics();
  }
}

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** One that is free now: "any free port" would be another one for a worker that starts later. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
