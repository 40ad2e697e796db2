// Asks every node for its report, each in a loop of its own: a slow one delays nobody.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { type Got, RequestError } from 'got';
import type { Clock, Random } from '../shared/clock.ts';
import { describeError, errorCode, FleetError } from '../shared/errors.ts';
import type { Logger } from '../shared/logging.ts';
import { type Loop, startLoop } from '../shared/loop.ts';
import { MAX_REPORT_BYTES, nodeStatsSchema, parseJson } from '../shared/wire.ts';
import type { Fleet } from './fleet.ts';
import type { NodeView } from './node-view.ts';

export interface PollerOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** ms each */
  readonly pollInterval: number;
  readonly pollTimeout: number;
  readonly unreachableInterval: number;
}

const JITTER = 0.2;

/** What a node that serves nobody answers with: no use in waiting for a second opinion. */
const SURE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export class Poller {
  readonly #options: PollerOptions;
  readonly #loops = new Map<NodeView, Loop>();
  readonly #agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  readonly #client: Got;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#client = got.extend({
      agent: this.#agents,
      timeout: { request: options.pollTimeout },
      retry: { limit: 0 },
      // A redirect would be a report of somebody else's; a compressed one could be a bomb.
      followRedirect: false,
      decompress: false,
      throwHttpErrors: false,
      headers: { accept: 'application/json', 'user-agent': 'tmpfleet-redirector' },
    });
  }

  /** Loops for exactly the nodes in view; a new one is asked at once. */
  sync(): void {
    const present = new Set(this.#options.fleet.views());
    for (const [view, loop] of this.#loops) {
      if (present.has(view)) continue;
      this.#loops.delete(view);
      void loop.stop();
    }
    for (const view of present) if (!this.#loops.has(view)) this.#loops.set(view, this.#startLoop(view));
  }

  async stop(): Promise<void> {
    const loops = [...this.#loops.values()];
    this.#loops.clear();
    await Promise.all(loops.map((loop) => loop.stop()));
    this.#agents.http.destroy();
    this.#agents.https.destroy();
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
    const { fleet, clock, logger } = this.#options;
    const wasReachable = view.answers === 'reachable';
    const askedAt = clock.now();
    try {
      const text = await this.#ask(`${view.member.url}/stats`);
      fleet.report(view, parseJson(text, nodeStatsSchema, 'its report'), askedAt);
    } catch (error) {
      const code =
        errorCode(error instanceof RequestError ? (error.cause ?? error) : error) ?? errorCode(error);
      const sure = error instanceof FleetError || (code !== undefined && SURE_CODES.has(code));
      fleet.miss(view, { reason: describeError(error), sure });
    }
    if (wasReachable !== (view.answers === 'reachable')) {
      logger.warn({ node: view.member.id, answers: view.answers, reason: view.reason }, 'a node changed');
    }
  }

  /** @throws FleetError `bad-report`; got's RequestError */
  async #ask(url: string): Promise<string> {
    const request = this.#client(url);
    let tooLong = false;
    request.on('downloadProgress', ({ transferred }) => {
      if (transferred <= MAX_REPORT_BYTES) return;
      tooLong = true;
      request.cancel();
    });
    try {
      const { statusCode, body } = await request;
      if (statusCode !== 200)
        throw new FleetError('bad-report', `it answers ${statusCode} where its report should be`);
      return body;
    } catch (error) {
      if (!tooLong) throw error;
      throw new FleetError('bad-report', `its report is longer than ${MAX_REPORT_BYTES} bytes`);
    }
  }
}
