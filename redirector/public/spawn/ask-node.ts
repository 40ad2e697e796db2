// Asks one node for a sandbox for a program, and reads its answer.
import { Agent, request } from 'undici';
import { readError } from '../../../shared/api/error.ts';
import { FleetError } from '../../../shared/errors.ts';
import { type BodyLimit, readText } from '../../../shared/http/read-body.ts';
import { limitError } from '../../../shared/limits/client-refusal.ts';
import { CLIENT_HEADER, signClientHeader } from '../../../shared/protocol/client-header.ts';
import type { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { parseJson, type SpawnAnswer, spawnAnswerSchema } from '../../../shared/protocol/wire.ts';
import { nodeName } from '../../nodes/node-view.ts';
import type { Sent } from '../../placement/dispatcher.ts';

const CONNECT_MS = 250;
/** Characters of a node's message that are passed on. */
const LONGEST_REASON = 1_000;
const ANSWER_LIMIT: BodyLimit = { bytes: 16 * 1024, what: 'its answer' };

/** What of the caller's request goes on to a node. */
export interface PassedOn {
  readonly authorization: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** The caller, as `clientOf` names it. */
  readonly client: string;
}

export interface NodeAnswer {
  readonly answer: SpawnAnswer | 'full';
  /** Its `Server-Timing`. */
  readonly times: string | readonly string[] | undefined;
}

export class NodeAsker {
  readonly #keys: FleetKeys;
  readonly #agent = new Agent({ connect: { timeout: CONNECT_MS } });

  constructor(keys: FleetKeys) {
    this.#keys = keys;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** @throws FleetError `unauthorized`, `forbidden`, `too-many-requests`, `too-many-sandboxes`, `bad-report`; or what the network says */
  async ask({ view, ticket }: Sent, call: PassedOn, signal: AbortSignal): Promise<NodeAnswer> {
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
              [CLIENT_HEADER]: signClientHeader(call.client, ticket, this.#keys.tickets(nodeName(view))),
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
      return { answer: 'full', times: undefined };
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
    return { answer: absolute(spawned, url), times: answer.headers['server-timing'] };
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
