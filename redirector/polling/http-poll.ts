// One poll: requests a node's report over a kept-alive connection, within a time and a size limit.
import { Agent } from 'undici';
import { FleetError } from '../../shared/errors.ts';
import { followOwnRedirect, MAX_REDIRECTS, tooManyRedirects } from '../../shared/http/own-redirect.ts';
import { BodyCollector } from '../../shared/http/read-body.ts';
import { LINE_HEADER } from '../../shared/protocol/line-claim.ts';
import { MAX_REPORT_BYTES, type NodeStats, parseNodeReport } from '../../shared/protocol/wire.ts';

/** Fetches a node's report. */
export interface PollClient {
  /**
   * @param url the node's address
   * @param claim what this front says of its line; see shared/protocol/line-claim.ts
   * @throws FleetError `bad-report` when the answer is not a report; the connection's own error otherwise
   */
  poll(url: string, claim?: string): Promise<NodeStats>;
  /** Starts no further polls; those under way may end. */
  retire(): Promise<void>;
  /** Ends at once; polls under way fail. */
  close(): Promise<void>;
}

/** Called when the connection to a node has ended, in a poll or between two. @param origin of the node's address */
export type ConnectionLost = (origin: string) => void;

interface Answer {
  /** Where to go on, if it is a redirect. */
  readonly next: string | undefined;
  readonly text: string;
}

/** Longer than the pause between two polls of a reachable node, so that its connection is kept. ms */
const KEEP_ALIVE_MS = 60_000;

/**
 * By undici's dispatcher, at about half of what got costs a poll (bench/polling/main.mjs): with 10,000 nodes that is the
 * difference between keeping up on one core and not. One connection a node, no decompression
 * (a small body could become megabytes), redirects only within the node's origin (tmpnb answers `/stats` with one).
 */
export class HttpPollClient implements PollClient {
  readonly #timeout: number;
  readonly #agent: Agent;

  /** @param timeout ms from asking to the last byte @param onLost see `ConnectionLost` */
  constructor(timeout: number, onLost: ConnectionLost = () => undefined) {
    this.#timeout = timeout;
    this.#agent = new Agent({
      connections: 1,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout },
      // The timer below is the one that counts; undici's own are coarse.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#agent.on('disconnect', (origin) => onLost(origin.origin));
  }

  async poll(url: string, claim?: string): Promise<NodeStats> {
    const deadline = performance.now() + this.#timeout;
    const headers = claim === undefined ? HEADERS : { ...HEADERS, [LINE_HEADER]: claim };
    let target = `${url}/stats`;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const { next, text } = await this.#get(target, headers, deadline - performance.now());
      if (next === undefined) return parseNodeReport(text, url);
      target = next;
    }
    throw tooManyRedirects();
  }

  async retire(): Promise<void> {
    await this.#agent.close();
  }

  #get(url: string, headers: Readonly<Record<string, string>>, ms: number): Promise<Answer> {
    const { origin, pathname, search } = new URL(url);
    return new Promise((resolve, reject) => {
      const body = new BodyCollector({ bytes: MAX_REPORT_BYTES, what: 'its report' });
      let next: string | undefined;
      let cancel: (reason: Error) => void = () => undefined;
      let cancelled: Error | undefined;
      const fail = (error: Error): void => {
        cancelled = error;
        clearTimeout(timer);
        reject(error);
        cancel(error);
      };
      const timer = setTimeout(() => fail(new Error(`no report within ${this.#timeout} ms`)), ms);
      this.#agent.dispatch(
        { origin, path: pathname + search, method: 'GET', headers },
        {
          onRequestStart: (controller) => {
            cancel = (reason) => controller.abort(reason);
            if (cancelled !== undefined) controller.abort(cancelled);
          },
          onResponseStart: (_, status, { location }) => {
            try {
              next = followOwnRedirect(url, status, typeof location === 'string' ? location : '');
              if (next === undefined && status !== 200)
                throw new FleetError('bad-report', `it answers ${status} where its report should be`);
            } catch (error) {
              fail(asError(error));
            }
          },
          onResponseData: (_, chunk) => {
            try {
              body.add(chunk);
            } catch (error) {
              fail(asError(error));
            }
          },
          onResponseEnd: () => {
            clearTimeout(timer);
            resolve({ next, text: body.bytes().toString('utf8') });
          },
          onResponseError: (_, error) => {
            clearTimeout(timer);
            reject(error);
          },
        },
      );
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

const HEADERS = { accept: 'application/json', 'user-agent': 'tmpfleet-redirector' };
