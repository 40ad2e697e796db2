// POST /api/spawn at the front: asks the chosen node, and goes on to another when it cannot.
import type { Context } from 'koa';
import { Agent, request } from 'undici';
import { newNonce } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { type BodyLimit, readBytes, readText } from '../../shared/http/read-body.ts';
import type { Logger } from '../../shared/logging.ts';
import { parseJson, type SpawnAnswer, spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { nodeName } from '../nodes/node-view.ts';
import type { Dispatcher, RefusalReason, Sent } from '../placement/dispatcher.ts';
import type { WaitingRoom } from '../placement/waiting-room.ts';

const CONNECT_MS = 250;
/** A node with a warm sandbox answers in milliseconds, so at first nobody is waited for long … */
const QUICK_MS = 2_000;
/** … and only when no other had one, those who were too slow are asked again: longer than a start may take. */
const PATIENT_MS = 12_000;
/** As our own APIs'. */
const BODY_LIMIT: BodyLimit = { bytes: 64 * 1024, what: 'the body', code: 'body-too-large' };
const ANSWER_LIMIT: BodyLimit = { bytes: 16 * 1024, what: 'its answer' };

type Sending = Sent | RefusalReason | Promise<Sent | RefusalReason>;

/** What of the caller's request goes on to a node. */
interface Call {
  readonly authorization: string;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface SpawnOptions {
  readonly fleet: Fleet;
  readonly dispatcher: Dispatcher;
  readonly room: WaitingRoom;
  readonly logger: Logger;
  readonly count: (sent: Sent) => void;
  readonly countRefusal: (refusal: 'full' | 'none-answers') => void;
  /** ms */
  readonly retryAfter: number;
}

export class SpawnDesk {
  readonly #options: SpawnOptions;
  readonly #agent = new Agent({
    connect: { timeout: CONNECT_MS },
  });

  constructor(options: SpawnOptions) {
    this.#options = options;
  }

  /** @throws FleetError `full` when every node is, `no-node-answers` when none does, and what a node refuses the caller with */
  async spawn(context: Context): Promise<SpawnAnswer> {
    const { dispatcher, room, count } = this.#options;
    const nonce = newNonce();
    const call: Call = {
      authorization: context.get('authorization'),
      contentType: context.get('content-type'),
      body: await readBytes(context.req, BODY_LIMIT),
    };
    const tried: string[] = [];
    const slow: Sent[] = [];
    let full = false;
    let waited = false;
    for (;;) {
      // Not hops: nobody is sent about, so every node may be asked once, and once more if all must be waited for.
      const journey = { tried, hops: 0, nonce };
      const mayWait: boolean = !waited && (full || tried.length === 0);
      const sending: Sending = mayWait ? room.send(journey, context.res) : dispatcher.send(journey);
      waited ||= sending instanceof Promise;
      const sent = await sending;
      if (typeof sent === 'string') {
        // Full is what a node said, or its report; that every node failed us is another matter.
        full ||= sent === 'full' && tried.length === 0;
        break;
      }
      count(sent);
      tried.push(nodeName(sent.view));
      const answer = await this.#try(sent, call, QUICK_MS);
      if (answer === 'full') full = true;
      else if (answer === 'too-slow') slow.push(sent);
      else if (answer !== 'failed') return answer;
    }
    // The same ticket again: a node that has claimed for it meanwhile answers with the same sandbox.
    for (const sent of slow) {
      const answer = await this.#try(sent, call, PATIENT_MS);
      if (answer === 'full') full = true;
      else if (typeof answer === 'object') return answer;
    }
    this.#options.countRefusal(full ? 'full' : 'none-answers');
    context.set('Retry-After', String(Math.ceil(this.#options.retryAfter / 1000)));
    if (full) throw new FleetError('full', 'every sandbox of the fleet is taken');
    throw new FleetError('no-node-answers', 'no node could be asked for a sandbox');
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #try(sent: Sent, call: Call, ms: number): Promise<SpawnAnswer | 'full' | 'too-slow' | 'failed'> {
    const signal = AbortSignal.timeout(ms);
    try {
      const answer = await this.#ask(sent, call, signal);
      if (answer === 'full') this.#options.fleet.markFull(sent.view);
      return answer;
    } catch (error) {
      if (error instanceof FleetError && error.status < 500) throw error;
      const why = { node: sent.view.member.id, error: describeError(error) };
      this.#options.logger.warn(why, 'a node did not spawn; trying another');
      return signal.aborted ? 'too-slow' : 'failed';
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
      },
      body: call.body,
      signal,
    });
    const text = await readText(answer.body, ANSWER_LIMIT);
    const { statusCode } = answer;
    if (statusCode === 429) return 'full';
    if (statusCode === 401 || statusCode === 403) {
      throw new FleetError(
        statusCode === 401 ? 'unauthorized' : 'forbidden',
        'the node asks for another token',
        {
          remedy: 'send it as "Authorization: token …"',
        },
      );
    }
    if (statusCode !== 200) throw new FleetError('bad-report', `it answers ${statusCode}`);
    const spawned = parseJson(text, spawnAnswerSchema, 'its answer');
    return { url: absolute(spawned.url, url) };
  }
}

/** A path is one on the node, which may itself be below a path; anything else would be another host's. */
function absolute(path: string, nodeUrl: string): string {
  if (!/^\/(?![/\\])/.test(path)) throw new FleetError('bad-report', 'the url in its answer is not a path');
  return nodeUrl + path;
}
