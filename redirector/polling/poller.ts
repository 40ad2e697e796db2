// Polls every node for its report, each in a loop of its own: a slow node delays no other.
import { backoffMs } from '../../shared/backoff.ts';
import type { Clock, Random } from '../../shared/clock.ts';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { type Loop, startLoop } from '../../shared/loop.ts';
import type { Fleet } from '../nodes/fleet.ts';
import type { NodeView } from '../nodes/node-view.ts';
import { HttpPollClient, type PollClient } from './http-poll.ts';
import { ThreadPollClient } from './poll-thread.ts';

export interface PollerOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** ms each */
  readonly pollIntervalMs: number;
  readonly pollTimeoutMs: number;
  readonly unreachableIntervalMs: number;
  readonly count?: (outcome: PollOutcome) => void;
  /** Default: `HttpPollClient`, and a thread from THREAD_FROM nodes on. */
  readonly client?: PollClient;
  /** Only this key of a report's `seen` is kept: the one of this redirector's tickets. */
  readonly seenKey?: string | undefined;
  /** What this front says of its line, if anything. */
  readonly claim?: () => string | undefined;
}

/** `bad-report`: the answer is no valid or no newer report; `refused`: by the host itself; `silent`: any other failure. */
export type PollOutcome = 'report' | 'bad-report' | 'refused' | 'silent';

const JITTER = 0.2;
/** A connection that ends so soon after a report was meant for that report alone. ms */
const ONE_REPORT_MS = 100;

/**
 * From this many nodes on, polls run in a thread of their own: the garbage collector moves thousands of responses in
 * flight again and again, and readers waited for that (bench/polling/main.mjs).
 */
const THREAD_FROM = 2_000;

/**
 * Errors after which a node is unreachable at once, without a second poll: its host has answered. `ENOTFOUND` is none of
 * them. A resolver of ours that is broken says it of every node, and readers have resolvers of their own.
 */
const SURE_CODES: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ERR_TLS_CERT_ALTNAME_INVALID']);

export class Poller {
  readonly #options: PollerOptions;
  readonly #loops = new Map<NodeView, Loop>();
  /** When each node was last polled because its connection had ended. ms since 1970 */
  readonly #lostAt = new WeakMap<NodeView, number>();
  #client: PollClient;
  #mayThread: boolean;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#client = options.client ?? this.#clientHere();
    this.#mayThread = options.client === undefined;
  }

  /** Starts and stops loops so that there is one for each node of the fleet; a new node is polled at once. */
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
    const { logger, pollTimeoutMs, seenKey } = this.#options;
    this.#mayThread = false;
    const here = this.#client;
    const onEnd = (error: Error): void => {
      logger.error(
        { error: describeError(error) },
        'the polling thread ended; polling goes on in the main thread',
      );
      if (this.#client === thread) this.#client = this.#clientHere();
    };
    const onLost = (origin: string): void => this.#lost(origin);
    const thread = new ThreadPollClient({ pollTimeoutMs, seenKey }, { onEnd, onLost });
    this.#client = thread;
    logger.info('many nodes: polling moves to a thread of its own');
    // Polls under way end by themselves.
    here.retire().catch(() => undefined);
  }

  #clientHere(): PollClient {
    return new HttpPollClient(this.#options.pollTimeoutMs, (origin) => this.#lost(origin));
  }

  /**
   * The connection to a node has ended between two polls: its agent has most likely been stopped or killed. Polled now, it is known
   * to be gone, where readers would be sent to it until its turn.
   */
  #lost(origin: string): void {
    const { clock, pollIntervalMs } = this.#options;
    const now = clock.now();
    for (const [view, loop] of this.#loops) {
      if (view.reachability !== 'reachable' || new URL(view.member.url).origin !== origin) continue;
      // A server that closes each connection is polled twice as often at most.
      const isSoon = now - (this.#lostAt.get(view) ?? 0) < pollIntervalMs;
      if (isSoon || now - view.reportedAt < ONE_REPORT_MS) continue;
      this.#lostAt.set(view, now);
      loop.nudge();
    }
  }

  /** Polls the node now instead of at its next interval. */
  pollNow(view: NodeView): void {
    this.#loops.get(view)?.nudge();
  }

  async stop(): Promise<void> {
    const loops = [...this.#loops.values()];
    this.#loops.clear();
    // Connections first: a poll that hangs would otherwise delay the stop by its whole timeout.
    await this.#client.close();
    await Promise.all(loops.map((loop) => loop.stop()));
  }

  #startLoop(view: NodeView): Loop {
    const { random, logger, pollIntervalMs, unreachableIntervalMs } = this.#options;
    const spans = { firstMs: pollIntervalMs, longestMs: Math.max(pollIntervalMs, unreachableIntervalMs) };
    return startLoop(() => this.#poll(view), {
      // A node that has just stopped answering is most likely restarting: the pauses grow with each missed poll.
      interval: () => (view.misses === 0 ? pollIntervalMs : backoffMs(view.misses, spans)),
      jitter: JITTER,
      random,
      logger,
      what: `polling ${view.member.id}`,
    });
  }

  async #poll(view: NodeView): Promise<void> {
    const { fleet, clock, logger, count, claim } = this.#options;
    const wasReachable = view.reachability === 'reachable';
    const { hasOurSecret } = view;
    const askedAt = clock.now();
    try {
      fleet.report(view, await this.#client.poll(view.member.url, claim?.()), askedAt);
      // A report that is not newer, or carries another node's name, counts as missed.
      count?.(view.misses === 0 ? 'report' : 'bad-report');
    } catch (error) {
      const outcome = outcomeOf(error);
      const code = outcome === 'bad-report' ? outcome : 'node-unreachable';
      fleet.miss(view, { reason: describeError(error), code, sure: outcome !== 'silent' });
      count?.(outcome);
    }
    if (wasReachable !== (view.reachability === 'reachable')) {
      logger.warn(
        { node: view.member.id, reachability: view.reachability, reason: view.unreachableReason },
        'a node became reachable or unreachable',
      );
    }
    if (view.hasOurSecret === false && hasOurSecret !== false) {
      const remedy = 'make its node key with tmpfleet node key, and give it that with --node-key-file';
      logger.warn(
        { node: view.member.id, remedy },
        "a node does not have this front's secret: its tickets and orders are void",
      );
    }
  }
}

function outcomeOf(error: unknown): Exclude<PollOutcome, 'report'> {
  if (error instanceof FleetError) return 'bad-report';
  const code = errorCode(error);
  return code !== undefined && SURE_CODES.has(code) ? 'refused' : 'silent';
}
