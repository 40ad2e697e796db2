// Scheduled work by node-cron. A job never overlaps itself, and its errors never escape.
import cron from 'node-cron';
import { describeError } from './errors.ts';
import type { Logger } from './logging.ts';

export interface Job {
  readonly what: string;
  /** A cron expression, with seconds if it has six fields; empty switches the job off. */
  readonly expression: string;
  run(): Promise<void>;
}

export interface Schedule {
  stop(): Promise<void>;
}

export function isCronExpression(expression: string): boolean {
  return cron.validate(expression);
}

export function startSchedule(jobs: readonly Job[], logger: Logger): Schedule {
  const running = new Set<Promise<void>>();
  // A turn that a busy machine missed is made up by the next one; node-cron would report it outside of our log.
  const quiet = {
    info: (message: string) => logger.debug(message),
    warn: (message: string) => logger.debug(message),
    error: (message: string | Error, error?: Error) =>
      logger.error({ error: describeError(error ?? message) }, 'a schedule failed'),
    debug: () => undefined,
  };
  const tasks = jobs
    .filter((job) => job.expression !== '')
    .map((job) =>
      cron.schedule(
        job.expression,
        async () => {
          const turn = job
            .run()
            .catch((error: unknown) => logger.error({ error: describeError(error) }, `${job.what} failed`));
          running.add(turn);
          await turn.finally(() => running.delete(turn));
        },
        { noOverlap: true, name: job.what, logger: quiet },
      ),
    );
  return {
    stop: async () => {
      await Promise.all(tasks.map(async (task) => task.destroy()));
      await Promise.all(running);
    },
  };
}
