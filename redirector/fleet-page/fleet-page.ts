// The fleet page of the control listener: its files, its events, and the hour it shows.
import type Router from '@koa/router';
import type Koa from 'koa';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import { startLoop } from '../../shared/loop.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { EVENT_HEADERS, Feed } from './feed.ts';
import { serveFiles } from './files.ts';
import { type FleetTally, History } from './history.ts';
import { loadOf, type Moment, Snapshots } from './snapshot.ts';

export interface FleetPageOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tally: () => Promise<FleetTally>;
}

export interface FleetPage {
  /** The page's files, which need no token. */
  readonly files: Koa.Middleware;
  /** Adds the routes with data of the fleet, which must be behind the token check. */
  addRoutes(router: Router): void;
  close(): Promise<void>;
}

const TURN_MS = 1_000;

/** Starts the history; events are sent only while a client is connected. */
export function openFleetPage({ fleet, clock, logger, tally }: FleetPageOptions): FleetPage {
  const history = new History();
  const snapshots = new Snapshots(fleet);
  let waiting = 0;
  const moment = (): Moment => ({ at: clock.now(), waiting, bucket: history.newest });
  const feed = new Feed({ whole: () => snapshots.whole(moment()) });
  const turn = async (): Promise<void> => {
    const sums = await tally();
    waiting = sums.waiting;
    history.note(clock.now(), sums, loadOf(fleet));
    feed.turn(feed.size === 0 ? undefined : snapshots.news(moment()));
  };
  const loop = startLoop(turn, {
    ...{ interval: () => TURN_MS, jitter: 0, random: () => 0 },
    ...{ logger, what: 'telling the fleet page' },
  });
  return {
    files: serveFiles(),
    addRoutes: (router) => {
      router.get('/api/history', (context) => {
        context.set('Cache-Control', 'no-store');
        context.body = history.answer();
      });
      router.get('/api/events', (context) => {
        // The router answers HEAD by the route for GET, and a stream that never ends is no answer to it.
        if (context.method === 'HEAD') {
          context.set(EVENT_HEADERS);
          context.status = 200;
          return;
        }
        feed.join(context.res);
        context.respond = false;
      });
    },
    close: async () => {
      await loop.stop();
      feed.close();
    },
  };
}
