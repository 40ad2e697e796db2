// Sends one request of a probe, with a limit on time and size, and measures how long it took.
import { Agent, request } from 'undici';
import type { Clock } from '../../shared/clock.ts';
import { followOwnRedirect, MAX_REDIRECTS, tooManyRedirects } from '../../shared/http/own-redirect.ts';
import { readText } from '../../shared/http/read-body.ts';
import { MAX_REPORT_BYTES } from '../../shared/protocol/wire.ts';

/** Limit from the request to the last byte, ms. An operator waits, and a slower node is of no use to readers. */
const PATIENCE_MS = 5_000;

export interface Reply {
  readonly status: number;
  readonly text: string;
  /** The header of that name, or an empty text. */
  header(name: string): string;
  /** Wall time half-way between asking and the answer, ms since 1970, and the way there and back, ms. */
  readonly at: number;
  readonly took: number;
}

export interface ProbeRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Largest answer in bytes; the limit for a node's report unless given. */
  readonly maxBytes?: number;
  readonly clock: Clock;
}

/**
 * A GET follows a few redirects within the origin that was asked.
 * @throws FleetError `bad-report` for a longer answer or another redirect; the connection's own error otherwise
 */
export async function sendRequest(probe: ProbeRequest): Promise<Reply> {
  let reply = await askOnce(probe);
  // An order must not be repeated elsewhere.
  if (probe.method === 'POST') return reply;
  let { url } = probe;
  for (let hops = 0; ; hops += 1) {
    const next = followOwnRedirect(url, reply.status, reply.header('location'));
    if (next === undefined) return reply;
    if (hops === MAX_REDIRECTS) throw tooManyRedirects();
    url = next;
    reply = await askOnce({ ...probe, url });
  }
}

async function askOnce(probe: ProbeRequest): Promise<Reply> {
  const { url, method = 'GET', body, headers = {}, maxBytes = MAX_REPORT_BYTES, clock } = probe;
  // A connection of its own: a kept one would not tell whether a new one can be made.
  const agent = new Agent({ connect: { timeout: PATIENCE_MS }, keepAliveTimeout: 1 });
  const [began, wall] = [clock.monotonic(), clock.now()];
  try {
    const answer = await request(url, {
      ...{ method, dispatcher: agent, signal: AbortSignal.timeout(PATIENCE_MS) },
      headers: { accept: 'application/json', 'user-agent': 'tmpfleet-redirector', ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const took = clock.monotonic() - began;
    const text = await readText(answer.body, { bytes: maxBytes, what: 'its answer' });
    return {
      ...{ status: answer.statusCode, text, took, at: wall + took / 2 },
      header: (name) => {
        const value = answer.headers[name];
        return typeof value === 'string' ? value : '';
      },
    };
  } finally {
    await agent.destroy();
  }
}
