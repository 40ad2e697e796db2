// POST /api/spawn at the front: asks the chosen node, and goes on to another when it cannot.

import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from 'koa';
import { Agent, request } from 'undici';
import { readError } from '../../shared/api/error.ts';
import { REFUSALS, type RefusalReason } from '../../shared/api/refusal.ts';
import { type Clock, newNonce } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { askForBody, type BodyLimit, readBytes, readText } from '../../shared/http/read-body.ts';
import type { ArrivalLimit } from '../../shared/limits/arrivals.ts';
import { limitError } from '../../shared/limits/client-refusal.ts';
import type { Logger } from '../../shared/logging.ts';
import { CLIENT_HEADER, signClientHeader } from '../../shared/protocol/client-header.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { WORK_NAME } from '../../shared/protocol/proof-of-work.ts';
import { clickOfTicket } from '../../shared/protocol/ticket.ts';
import { parseJson, type SpawnAnswer, spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { nodeName } from '../nodes/node-view.ts';
import type { Dispatcher, Journey, Sent } from '../placement/dispatcher.ts';
import type { WaitingRoom } from '../placement/waiting-room.ts';
import { type ProofOfWork, workError } from './proof-of-work.ts';
import { type FailedAttempt, nextSpawnStep, SPAWN_BUDGET_MS } from './spawn-policy.ts';

const CONNECT_MS = 250;
/** Characters of a node's message that are passed on. */
const LONGEST_REASON = 1_000;
/** As our own APIs'. */
const BODY_LIMIT: BodyLimit = { bytes: 64 * 1024, what: 'the body', code: 'body-too-large' };
const ANSWER_LIMIT: BodyLimit = { bytes: 16 * 1024, what: 'its answer' };

/** What of the caller's request goes on to a node. */
interface Call {
  readonly authorization: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** The caller, as `clientOf` names it. */
  readonly client: string;
}

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
  /** ms */
  readonly retryAfterMs: number;
}

export class SpawnDesk {
  readonly #options: SpawnOptions;
  readonly #agent = new Agent({
    connect: { timeout: CONNECT_MS },
  });

  constructor(options: SpawnOptions) {
    this.#options = options;
  }

  /**
   * Within `SPAWN_BUDGET_MS` in all, and each node is asked once.
   * @throws FleetError `full`, `no-node-answers`, `no-nodes`, `too-many-requests`, `proof-of-work`, or what a node refuses the caller with
   */
  async spawn(context: Context): Promise<SpawnAnswer> {
    const { dispatcher, arrivals, proof, clock, count } = this.#options;
    const client = arrivals.clientOf(context.req);
    if (proof.isAsked && !arrivals.isExempt(client)) {
      const shown = proof.take(context.get(WORK_NAME));
      if (shown !== 'good') throw workError(proof, shown);
    }
    const limitedMs = arrivals.admit(client);
    if (limitedMs > 0) throw limitError('too-many-requests', limitedMs);
    askForBody(context.req, context.res);
    const call: Call = {
      authorization: context.get('authorization'),
      contentType: context.get('content-type'),
      body: await readBytes(context.req, BODY_LIMIT),
      client,
    };
    const deadline = clock.monotonic() + SPAWN_BUDGET_MS;
    const remainingMs = (): number => Math.ceil(deadline - clock.monotonic());
    const nonce = newNonce();
    const tried: string[] = [];
    const attempts: FailedAttempt[] = [];
    for (;;) {
      // No hops: the caller is not redirected.
      const journey = { tried, hops: 0, nonce };
      // Later the waiting room could choose a node that was asked already.
      const sent =
        tried.length === 0 ? await this.#wait(journey, context, remainingMs()) : dispatcher.send(journey);
      const isRefusal = typeof sent === 'string';
      if (!isRefusal) tried.push(nodeName(sent.view));
      const step = nextSpawnStep({
        ...{ remainingMs: remainingMs(), attempts, choice: isRefusal ? sent : 'node' },
        hasOthers: !isRefusal && dispatcher.choose(tried) !== undefined,
      });
      if (isRefusal || 'refuse' in step) throw this.#refuse(context, 'refuse' in step ? step.refuse : 'full');
      count(sent);
      const answer = await this.#try(sent, call, step.askForMs);
      if (typeof answer === 'object') return answer;
      attempts.push(answer);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
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

  async #try(sent: Sent, call: Call, ms: number): Promise<SpawnAnswer | FailedAttempt> {
    try {
      const { fleet, clock } = this.#options;
      const answer = await this.#ask(sent, call, AbortSignal.timeout(ms));
      if (answer === 'full') fleet.markFull(sent.view);
      // A node that counts tickets says so itself, in its next report.
      else if (sent.ticket === undefined) fleet.countArrival(sent.view, clock.now());
      return answer;
    } catch (error) {
      if (error instanceof FleetError && error.status < 500) throw error;
      const click = sent.ticket === undefined ? undefined : clickOfTicket(sent.ticket);
      const why = { node: sent.view.member.id, click, error: describeError(error) };
      this.#options.logger.warn(why, 'a node gave no sandbox for POST /api/spawn');
      return 'no-answer';
    }
  }

  async #ask({ view, ticket }: Sent, call: Call, signal: AbortSignal): Promise<SpawnAnswer | 'full'> {
    const { url } = view.member;
    const answer = await request(`${url}/api/spawn${ticket === undefined ? '' : `?ticket=${ticket}`}`, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: {
        ...(call.authorization === '' ? {} : { authorization: call.authorization }),
        ...(call.contentType === '' ? {} : { 'content-type': call.contentType }),
        ...(ticket === undefined
          ? {}
          : {
              [CLIENT_HEADER]: signClientHeader(
                call.client,
                ticket,
                this.#options.keys.tickets(nodeName(view)),
              ),
            }),
      },
      body: call.body,
      signal,
    });
    const text = await readText(answer.body, ANSWER_LIMIT);
    const { statusCode } = answer;
    if (statusCode === 429) {
      const code = readError(text)?.code;
      // The caller has its most there. Another node would only give it as many again.
      if (code === 'too-many-requests' || code === 'too-many-sandboxes')
        throw limitError(code, 1000 * Number(answer.headers['retry-after'] ?? 0));
      return 'full';
    }
    if (statusCode === 401) {
      throw new FleetError('unauthorized', 'the node asks for another token', {
        remedy: 'send it as "Authorization: token …"',
      });
    }
    if (statusCode === 403) {
      const why = readError(text)?.message.slice(0, LONGEST_REASON) ?? 'it answers 403';
      throw new FleetError('forbidden', `the node refuses: ${why}`);
    }
    if (statusCode !== 200) throw new FleetError('bad-report', `it answers ${statusCode}`);
    const spawned = parseJson(text, spawnAnswerSchema, 'its answer');
    return absolute(spawned, url);
  }
}

/** The address of a sandbox that has a host name of its own: its id in both. */
const OWN_ORIGIN = /^(https?:\/\/([a-z0-9-]{1,63})\.[a-z0-9.-]+(?::\d+)?)\/user\/\2\/$/;

/** The answer with whole addresses. A path is one on the node, which may itself be below a path. */
function absolute(answer: SpawnAnswer, nodeUrl: string): SpawnAnswer {
  const { url, open } = answer;
  const [, origin] = OWN_ORIGIN.exec(url) ?? [];
  if (origin === undefined && !/^\/(?![/\\])/.test(url))
    throw new FleetError('bad-report', 'the url in its answer is neither a path nor that of a sandbox');
  if (open !== undefined && !open.startsWith(`${origin}/`))
    throw new FleetError('bad-report', 'the address to open in its answer is not at its sandbox');
  return origin === undefined ? { ...answer, url: nodeUrl + url } : answer;
}
