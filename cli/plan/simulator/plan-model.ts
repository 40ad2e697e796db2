// The model of a plan: arrivals as they were drawn, stays by a distribution, and hosts that keep warm and start what a node-agent
// would (node-agent/sizing/), at the speed that their processors allow.
import { Bookings } from '../../../node-agent/sizing/bookings.ts';
import { Sizing, type SizingSettings } from '../../../node-agent/sizing/sizing.ts';
import type { Random } from '../../../shared/clock.ts';
import type { CreateModel, Crowd } from './model.ts';
import { Processor, type ProcessorOptions } from './processor.ts';

export interface PlanModelOptions {
  /** ms since the begin, in order */
  readonly arrivals: Float64Array;
  /** From the claim until the sandbox may be ended. ms */
  readonly stayMs: (random: Random) => number;
  readonly cullMs: number;
  readonly removeMs: number;
  readonly patienceMs: number;
  readonly claimWaitMs: number;
  /** Of every node, as its options say. */
  readonly sizing: Pick<SizingSettings, 'warm' | 'concurrentStarts' | 'book'>;
  readonly processor: ProcessorOptions;
}

/** Bookings come into force by the minute. ms */
const ADJUST_MS = 10_000;

export function createPlanModel(options: PlanModelOptions): CreateModel {
  const { arrivals, stayMs, sizing, processor, ...times } = options;
  const { warm, concurrentStarts, book } = sizing;
  return ({ events, random, clock }) => {
    // One for all nodes: which minute a cron expression names is the same for each, and dear to find out.
    const bookings = new Bookings(book);
    const seconds = processor.startMs / 1_000;
    return {
      ...times,
      crowd: listed(arrivals),
      createHost: ({ capacity }, load) => {
        const settings = { warm, concurrentStarts, warmFollow: false, warmMax: 0, book: [] };
        const size = new Sizing(settings, clock);
        const cores = new Processor(processor, { events, random, load });
        return {
          target: () =>
            Math.min(
              capacity,
              Math.max(size.warmTarget(), bookings.wanted(clock.now(), seconds / size.concurrency)),
            ),
          limit: () => size.concurrency,
          begin: (done) => {
            const began = events.now;
            cores.begin(() => {
              size.started((events.now - began) / 1_000);
              done();
            });
          },
          claimed: () => size.claimed(),
          ...(book.length === 0 ? {} : { everyMs: ADJUST_MS }),
        };
      },
      stayMs: () => stayMs(random),
    };
  };
}

/** Somebody comes at each of these times. */
function listed(times: Float64Array): Crowd {
  let next = 0;
  return {
    firstMs: times[0] ?? Number.POSITIVE_INFINITY,
    comes: () => true,
    gapMs: () => {
      next += 1;
      return (times[next] ?? Number.POSITIVE_INFINITY) - (times[next - 1] ?? 0);
    },
  };
}
