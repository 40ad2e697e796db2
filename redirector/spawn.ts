// POST /api/spawn at the front: asks the chosen node, and goes on to another when it cannot.
import type { Context } from 'koa';
import { Agent, request } from 'undici';
import { describeError, FleetError } from '../shared/errors.ts';
import type { Logger } from '../shared/logging.ts';
import { parseJson, type SpawnAnswer, spawnAnswerSchema } from '../shared/wire.ts';
import type { Dispatcher, Sent } from './dispatch.ts';
import { nodeName } from './node-view.ts';

const CONNECT_MS = 250;
/** A node with a warm sandbox answers in milliseconds, so at first nobody is waited for long … */
const QUICK_MS = 2_000;
/** … and only when no other had one, those who were too slow are asked again: longer than a start may take. */
const PATIENT_MS = 12_000;
const MAX_ANSWER_BYTES = 16 * 1024;

export interface SpawnOptions {
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
  readonly count: (sent: Sent) => void;
}

export class SpawnDesk {
  readonly #options: SpawnOptions;
  readonly #agent = new Agent({
    connect: { timeout: CONNECT_MS },
  });

  constructor(options: SpawnOptions) {
    this.#options = options;
  }

  /** @throws FleetError `full` when every node is, `unavailable` when none answers, and what a node refuses the caller with */
  async spawn(context: Context): Promise<SpawnAnswer> {
    const { dispatcher, count } = this.#options;
    const { nonce } = dispatcher.startJourney();
    const tried: string[] = [];
    const slow: Sent[] = [];
    let full = false;
    for (;;) {
      // Not hops: nobody is sent about, so every node may be asked once.
      const sent = dispatcher.send({ tried, hops: 0, nonce });
      if (typeof sent === 'string') {
        full ||= sent === 'full';
        break;
      }
      count(sent);
      tried.push(nodeName(sent.view));
      const answer = await this.#try(sent, context, QUICK_MS);
      if (answer === 'full') full = true;
      else if (answer === 'too-slow') slow.push(sent);
      else if (answer !== 'failed') return answer;
    }
    // The same ticket again: a node that has claimed for it meanwhile answers with the same sandbox.
    for (const sent of slow) {
      const answer = await this.#try(sent, context, PATIENT_MS);
      if (answer === 'full') full = true;
      else if (typeof answer === 'object') return answer;
    }
    throw full
      ? new FleetError('full', 'every sandbox of the fleet is taken')
      : new FleetError('unavailable', 'no node can be asked');
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #try(
    sent: Sent,
    context: Context,
    ms: number,
  ): Promise<SpawnAnswer | 'full' | 'too-slow' | 'failed'> {
    const signal = AbortSignal.timeout(ms);
    try {
      const answer = await this.#ask(sent, context, signal);
      if (answer === 'full') sent.view.full = true;
      return answer;
    } catch (error) {
      if (error instanceof FleetError && error.expose) throw error;
      const why = { node: sent.view.member.id, error: describeError(error) };
      this.#options.logger.warn(why, 'a node did not spawn; trying another');
      return signal.aborted ? 'too-slow' : 'failed';
    }
  }

  async #ask({ view, ticket }: Sent, context: Context, signal: AbortSignal): Promise<SpawnAnswer | 'full'> {
    const { url } = view.member;
    const authorization = context.get('authorization');
    const answer = await request(`${url}/api/spawn${ticket === undefined ? '' : `?ticket=${ticket}`}`, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: authorization === '' ? {} : { authorization },
      signal,
    });
    const text = await readShort(answer.body);
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
    return { url: new URL(spawned.url, `${url}/`).href };
  }
}

async function readShort(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new FleetError('bad-report', 'its answer does not end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
