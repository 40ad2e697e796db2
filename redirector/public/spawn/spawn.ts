// POST /api/spawn at the front: asks the chosen node, and goes on to another when it cannot.

import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from 'koa';
import { REFUSALS, type RefusalReason } from '../../../shared/api/refusal.ts';
import { outcomeOfError, type RecordArrival, SPAWN_PATH } from '../../../shared/arrivals-log.ts';
import { type Clock, newNonce } from '../../../shared/clock.ts';
import { describeError, FleetError } from '../../../shared/errors.ts';
import { askForBody, type BodyLimit, readBytes } from '../../../shared/http/read-body.ts';
import type { ArrivalLimit } from '../../../shared/limits/arrivals.ts';
import { limitError } from '../../../shared/limits/client-refusal.ts';
import type { Logger } from '../../../shared/logging.ts';
import type { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { WORK_NAME } from '../../../shared/protocol/proof-of-work.ts';
import { clickOf } from '../../../shared/protocol/ticket.ts';
import type { SpawnAnswer } from '../../../shared/protocol/wire.ts';
import { noteNodeTimes, tookMs } from '../../../shared/reader-times/server-timing.ts';
import type { Span, Tracer } from '../../../shared/tracing/tracer.ts';
import type { Fleet } from '../../nodes/fleet.ts';
import { nodeName } from '../../nodes/node-view.ts';
import type { Dispatcher, Journey, Sent } from '../../placement/dispatcher.ts';
import type { WaitingRoom } from '../../placement/waiting-room.ts';
import { type ProofOfWork, workError } from '../proof-of-work.ts';
import { NodeAsker, type PassedOn } from './ask-node.ts';
import { type FailedAttempt, nextSpawnStep, SPAWN_BUDGET_MS } from './spawn-policy.ts';

/** As our own APIs'. */
const BODY_LIMIT: BodyLimit = { bytes: 64 * 1024, what: 'the body', code: 'body-too-large' };
/** What is no arrival of a program: a request that cannot be served, or the first half of a proof of work. */
const NO_ARRIVAL: ReadonlySet<string> = new Set(['bad-request', 'body-too-large', 'proof-of-work']);

export interface SpawnOptions {
  readonly fleet: Fleet;
  readonly dispatcher: Dispatcher;
  readonly room: WaitingRoom;
  readonly arrivals: ArrivalLimit;
  readonly proof: ProofOfWork;
  readonly keys: FleetKeys;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly count: (sent: Sent) => void;
  readonly countRefusal: (reason: RefusalReason) => void;
  /** The log of arrivals. */
  readonly record: RecordArrival;
  /** Undefined where nothing is traced. */
  readonly tracer: Tracer | undefined;
  /** ms */
  readonly retryAfterMs: number;
}

/** One request of a program. */
interface Call {
  readonly context: Context;
  /** Of its tickets. */
  readonly nonce: string;
  /** Undefined where it is not traced. */
  readonly span: Span | undefined;
}

interface Spawned {
  readonly answer: SpawnAnswer;
  /** As the front calls it. */
  readonly node: string;
}

export class SpawnDesk {
  readonly #options: SpawnOptions;
  readonly #nodes: NodeAsker;

  constructor(options: SpawnOptions) {
    this.#options = options;
    this.#nodes = new NodeAsker(options.keys);
  }

  /**
   * Within `SPAWN_BUDGET_MS` in all, and each node is asked once.
   * @throws FleetError `full`, `no-node-answers`, `no-nodes`, `too-many-requests`, `proof-of-work`, or what a node refuses the caller with
   */
  async spawn(context: Context): Promise<SpawnAnswer> {
    const { record, tracer, clock } = this.#options;
    const nonce = newNonce();
    const startedAt = clock.monotonic() - tookMs(context.res);
    const span = tracer?.traceOf(nonce)?.first('spawn', { kind: 'server', startedAt });
    try {
      const { answer, node } = await this.#spawn({ context, nonce, span });
      span?.set({ 'tmpfleet.outcome': 'sent', 'tmpfleet.node': node });
      record({ path: SPAWN_PATH, outcome: 'sent', node, tookMs: tookMs(context.res) });
      return answer;
    } catch (error) {
      const outcome = outcomeOfError(error);
      span?.set({ 'tmpfleet.outcome': outcome });
      span?.fail(outcome);
      if (!NO_ARRIVAL.has(outcome)) record({ path: SPAWN_PATH, outcome, tookMs: tookMs(context.res) });
      throw error;
    } finally {
      span?.end();
    }
  }

  async close(): Promise<void> {
    await this.#nodes.close();
  }

  async #spawn(call: Call): Promise<Spawned> {
    const { dispatcher, arrivals, proof, clock, count } = this.#options;
    const { context, nonce } = call;
    const client = arrivals.clientOf(context.req);
    if (proof.isAsked && !arrivals.isExempt(client)) {
      const shown = proof.take(context.get(WORK_NAME));
      if (shown !== 'good') throw workError(proof, shown);
    }
    const limitedMs = arrivals.admit(client);
    if (limitedMs > 0) throw limitError('too-many-requests', limitedMs);
    askForBody(context.req, context.res);
    const passedOn: PassedOn = {
      authorization: context.get('authorization'),
      contentType: context.get('content-type'),
      body: await readBytes(context.req, BODY_LIMIT),
      client,
    };
    const deadline = clock.monotonic() + SPAWN_BUDGET_MS;
    const remainingMs = (): number => Math.ceil(deadline - clock.monotonic());
    const tried: string[] = [];
    const attempts: FailedAttempt[] = [];
    for (;;) {
      // No hops: the caller is not redirected.
      const journey = { tried, hops: 0, nonce };
      const choosing = call.span?.step('choose');
      // Later the waiting room could choose a node that was asked already.
      const sent =
        tried.length === 0 ? await this.#wait(journey, context, remainingMs()) : dispatcher.send(journey);
      choosing?.end();
      const isRefusal = typeof sent === 'string';
      if (!isRefusal) tried.push(nodeName(sent.view));
      const step = nextSpawnStep({
        ...{ remainingMs: remainingMs(), attempts, choice: isRefusal ? sent : 'node' },
        hasOthers: !isRefusal && dispatcher.choose(tried) !== undefined,
      });
      if (isRefusal || 'refuse' in step) throw this.#refuse(context, 'refuse' in step ? step.refuse : 'full');
      count(sent);
      const answer = await this.#try(sent, passedOn, { call, ms: step.askForMs });
      if (typeof answer === 'object') return { answer, node: sent.view.member.id };
      attempts.push(answer);
    }
  }

  /** As the waiting room sends a reader, for `ms` at most. */
  async #wait(journey: Journey, { res }: Context, ms: number): Promise<Sent | RefusalReason> {
    const sending = this.#options.room.send(journey, res);
    if (!(sending instanceof Promise)) return sending;
    const timer = new AbortController();
    // The place in line ends with the response.
    const late = delay(Math.max(0, ms), 'full' as const, { signal: timer.signal }).catch(
      () => 'full' as const,
    );
    return Promise.race([sending, late]).finally(() => timer.abort());
  }

  #refuse(context: Context, reason: RefusalReason): FleetError {
    this.#options.countRefusal(reason);
    context.set('Retry-After', String(Math.ceil(this.#options.retryAfterMs / 1000)));
    const { code, message } = REFUSALS[reason];
    // tmpnb's clients know 429 as "full".
    return new FleetError(code === 'no-room' ? 'full' : code, message);
  }

  async #try(
    sent: Sent,
    passedOn: PassedOn,
    { call, ms }: { readonly call: Call; readonly ms: number },
  ): Promise<SpawnAnswer | FailedAttempt> {
    const { fleet, clock, logger } = this.#options;
    const node = sent.view.member.id;
    const asking = call.span?.step('ask node', { kind: 'client', attributes: { 'tmpfleet.node': node } });
    try {
      const { answer, times } = await this.#nodes.ask(sent, passedOn, AbortSignal.timeout(ms));
      if (answer === 'full') fleet.markFull(sent.view);
      // A node that counts tickets says so itself, in its next report.
      else if (sent.ticket === undefined) fleet.countArrival(sent.view, clock.now());
      if (answer === 'full') asking?.fail('full');
      else noteNodeTimes(call.context.res, times);
      return answer;
    } catch (error) {
      asking?.fail(error instanceof FleetError ? error.code : 'no answer');
      if (error instanceof FleetError && error.status < 500) throw error;
      const click = sent.ticket === undefined ? undefined : clickOf(call.nonce);
      const why = { node, click, error: describeError(error) };
      const trace = call.span && { trace_id: call.span.traceId };
      logger.warn({ ...why, ...trace }, 'a node gave no sandbox for POST /api/spawn');
      return 'no-answer';
    } finally {
      asking?.end();
    }
  }
}
