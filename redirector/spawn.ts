// POST /api/spawn at the front: asks the chosen node, and goes on to another when it cannot.
import type { Context } from 'koa';
import { Agent, request } from 'undici';
import { describeError, FleetError } from '../shared/errors.ts';
import type { Logger } from '../shared/logging.ts';
import { parseJson, type SpawnAnswer, spawnAnswerSchema } from '../shared/wire.ts';
import type { Dispatcher, Sent } from './dispatch.ts';
import { nodeName } from './node-view.ts';

const CONNECT_MS = 1_000;
/** Longer than a node lets a caller wait for a start. */
const ANSWER_MS = 12_000;
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
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  });

  constructor(options: SpawnOptions) {
    this.#options = options;
  }

  /** @throws FleetError `full` when every node is, `unavailable` when none answers, and what a node refuses the caller with */
  async spawn(context: Context): Promise<SpawnAnswer> {
    const { dispatcher, logger, count } = this.#options;
    const { nonce } = dispatcher.startJourney();
    const tried: string[] = [];
    for (;;) {
      // Not hops: nobody is sent about, so every node may be asked once.
      const sent = dispatcher.send({ tried, hops: 0, nonce });
      if (typeof sent === 'string') throw refusalError(sent === 'full' || tried.length > 0 ? 'full' : sent);
      count(sent);
      tried.push(nodeName(sent.view));
      try {
        const answer = await this.#ask(sent, context);
        if (answer !== undefined) return answer;
        sent.view.full = true;
      } catch (error) {
        if (error instanceof FleetError && error.expose) throw error;
        logger.warn(
          { node: sent.view.member.id, error: describeError(error) },
          'a node did not spawn; trying another',
        );
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  /** Undefined when the node is full. */
  async #ask({ view, ticket }: Sent, context: Context): Promise<SpawnAnswer | undefined> {
    const { url } = view.member;
    const authorization = context.get('authorization');
    const answer = await request(`${url}/api/spawn${ticket === undefined ? '' : `?ticket=${ticket}`}`, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: authorization === '' ? {} : { authorization },
    });
    const text = await readShort(answer.body);
    const { statusCode } = answer;
    if (statusCode === 429) return undefined;
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

function refusalError(refusal: string): FleetError {
  if (refusal === 'full') return new FleetError('full', 'every sandbox of the fleet is taken');
  return new FleetError('unavailable', 'no node can be asked');
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
