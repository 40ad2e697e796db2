// Periodic work that never overlaps itself: the next turn is scheduled when the previous one has ended.
import type { Random } from './clock.ts';
import { describeError } from './errors.ts';
import type { Logger } from './logging.ts';

export interface LoopOptions {
  /** Time from the end of one turn to the start of the next, called before each turn. ms */
  readonly interval: () => number;
  /** 0.2 spreads the interval by ± 20 %, so that many loops do not run in step. */
  readonly jitter: number;
  readonly random: Random;
  readonly logger: Logger;
  readonly what: string;
}

export interface Loop {
  /** Runs a turn as soon as possible (after the one under way, if any). */
  nudge(): void;
  /** Schedules no further turn and waits for the one under way. */
  stop(): Promise<void>;
}

/** Starts at once. An error in a turn is logged and does not end the loop. */
export function startLoop(turn: () => Promise<void>, options: LoopOptions): Loop {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  const book = (): void => {
    if (stopped) return;
    const spread = 1 + options.jitter * (2 * options.random() - 1);
    timer = setTimeout(run, again ? 0 : options.interval() * spread);
    again = false;
  };
  const run = (): void => {
    timer = undefined;
    running = turn()
      .catch((error: unknown) =>
        options.logger.error({ error: describeError(error) }, `${options.what} failed`),
      )
      .finally(() => {
        running = undefined;
        book();
      });
  };
  run();

  return {
    nudge: () => {
      again = true;
      if (running !== undefined || stopped) return;
      clearTimeout(timer);
      book();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
