// Which readers count for the objective at the front (docs/reader-times.md): those for whom there was room while they asked.
import type { Clock } from '../../shared/clock.ts';
import type { Objective } from '../../shared/reader-times/objective.ts';
import type { Dispatcher } from '../placement/dispatcher.ts';

export interface InTimeOptions {
  readonly objective: Pick<Objective, 'count'>;
  readonly dispatcher: Pick<Dispatcher, 'reportsWarm'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

export interface AskedReader {
  /** Before they were placed, ms of the monotonic clock. */
  readonly beganAt: number;
  /** Held because no node was known to have room for them. */
  readonly wasHeld: boolean;
  /** A node had sent them back. */
  readonly wasBounced: boolean;
}

/** Each node has said, since the reader came, that it has no room; or readers who came before have it. */
const NO_ROOM: ReadonlySet<string> = new Set(['full', 'line']);

/** @returns to be called when a reader begins to be held: whether a report shows a warm sandbox all the same */
export function createInTime({ objective, dispatcher, clock }: InTimeOptions) {
  return {
    showsRoom: (): boolean => dispatcher.reportsWarm(),
    /** @param hadRoom what `showsRoom` said @param end `sent`, or why not */
    count: (reader: AskedReader, hadRoom: boolean, end: string): void => {
      if (end !== 'sent') {
        // No node can be asked whether it has room: that is no fleet that is full.
        if (end === 'none-answers' || (hadRoom && !NO_ROOM.has(end))) objective.count(undefined);
      } else if (!reader.wasHeld || hadRoom || reader.wasBounced) {
        objective.count(clock.monotonic() - reader.beganAt);
      }
    },
  };
}
export type InTime = ReturnType<typeof createInTime>;
