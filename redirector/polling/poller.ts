// Asks every node for its report, each in a loop of its own: a slow one delays nobody.
import type { Clock, Random } from '../../shared/clock.ts';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { type Loop, startLoop } from '../../shared/loop.ts';
import type { Fleet } from '../nodes/fleet.ts';
import type { NodeView } from '../nodes/node-view.ts';
import { type Asker, UndiciAsker } from './http-poll.ts';
import { ThreadAsker } from './poll-thread.ts';

export interface PollerOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** ms each */
  readonly pollInterval: number;
  readonly pollTimeout: number;
  readonly unreachableInterval: number;
  readonly count?: (outcome: PollOutcome) => void;
  /** How a report is asked for; undici's way unless something is to be compared with it. */
  readonly asker?: Asker;
  /** Of what nodes have seen, only this redirector's tickets are wanted. */
  readonly heed?: string | undefined;
}

/** A poll's answer: `bad-report` is none that we believe, `refused` a closed port or an unknown name, `silent` anything else. */
export type PollOutcome = 'report' | 'bad-report' | 'refused' | 'silent';

const JITTER = 0.2;

/**
 * From so many nodes on they are asked in a thread of its own: thousands of answers under way at a time are what the
 * collector moves about again and again, and readers waited for that (bench/polling/main.mjs).
 */
const THREAD_FROM = 2_000;

/** What a node that serves nobody answers with: no use in waiting for a second opinion. */
const SURE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export class Poller {
  readonly #options: PollerOptions;
  readonly #loops = new Map<NodeView, Loop>();
  #asker: Asker;
  #mayThread: boolean;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#asker = options.asker ?? new UndiciAsker(options.pollTimeout);
    this.#mayThread = options.asker === undefined;
  }

  /** Loops for exactly the nodes in view; a new one is asked at once. */
  sync(): void {
    const present = new Set(this.#options.fleet.views());
    for (const [view, loop] of this.#loops) {
      if (present.has(view)) continue;
      this.#loops.delete(view);
      void loop.stop();
    }
    if (present.size >= THREAD_FROM && this.#mayThread) this.#moveToThread();
    for (const view of present) if (!this.#loops.has(view)) this.#loops.set(view, this.#startLoop(view));
  }

  #moveToThread(): void {
    const { logger, pollTimeout, heed } = this.#options;
    this.#mayThread = false;
    const here = this.#asker;
    const thread = new ThreadAsker({ pollTimeout, heed }, (error) => {
      logger.error({ error: describeError(error) }, 'the polling thread ended; nodes are asked without it');
      if (this.#asker === thread) this.#asker = new UndiciAsker(pollTimeout);
    });
    this.#asker = thread;
    logger.info('many nodes: they are asked in a thread of its own');
    // Polls that are under way end as they end; nobody waits for the rest of it.
    here.retire().catch(() => undefined);
  }

  /** Now instead of at its turn. */
  askNow(view: NodeView): void {
    this.#loops.get(view)?.nudge();
  }

  async stop(): Promise<void> {
    const loops = [...this.#loops.values()];
    this.#loops.clear();
    // First the connections: a poll that hangs would otherwise hold the stop up for its whole timeout.
    await this.#asker.close();
    await Promise.all(loops.map((loop) => loop.stop()));
  }

  #startLoop(view: NodeView): Loop {
    const { random, logger, pollInterval, unreachableInterval } = this.#options;
    return startLoop(() => this.#poll(view), {
      // One that has just stopped answering is most likely restarting: the pauses grow with the silence.
      interval: () =>
        view.misses === 0
          ? pollInterval
          : Math.max(pollInterval, Math.min(unreachableInterval, pollInterval * view.misses)),
      jitter: JITTER,
      random,
      logger,
      what: `polling ${view.member.id}`,
    });
  }

  async #poll(view: NodeView): Promise<void> {
    const { fleet, clock, logger, count } = this.#options;
    const wasReachable = view.answers === 'reachable';
    const askedAt = clock.now();
    try {
      fleet.report(view, await this.#asker.ask(view.member.url), askedAt);
      // One that is not newer, or of a name that is another's, counts as missed.
      count?.(view.misses === 0 ? 'report' : 'bad-report');
    } catch (error) {
      const outcome = outcomeOf(error);
      fleet.miss(view, { reason: describeError(error), sure: outcome !== 'silent' });
      count?.(outcome);
    }
    if (wasReachable !== (view.answers === 'reachable')) {
      logger.warn({ node: view.member.id, answers: view.answers, reason: view.reason }, 'a node changed');
    }
  }
}

function outcomeOf(error: unknown): Exclude<PollOutcome, 'report'> {
  if (error instanceof FleetError) return 'bad-report';
  const code = errorCode(error);
  return code !== undefined && SURE_CODES.has(code) ? 'refused' : 'silent';
}
