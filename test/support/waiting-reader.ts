// A reader who waits in line as a browser does: with the page's script, which asks again and again, or without scripts, by the page's
// own refresh. They do not arrive at the node: the address there is the result.
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { unescapeHtml } from '../../shared/http/page.ts';
import { NAVIGATION } from './reader.ts';

export interface Entry {
  /** At the node, with the ticket. */
  readonly location: string;
  /** Requests to fronts, the first one included. */
  readonly requests: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Expected seconds that they were told, and when: ms since the first request. */
  readonly told: readonly { readonly eta: number; readonly at: number }[];
}

const answerSchema = z.object({
  location: z.string().optional(),
  again: z.string().optional(),
  place: z.number().optional(),
  eta: z.number().nullish(),
});

const PAGE = { ...NAVIGATION, accept: 'text/html' };

/** @param front asked for each request: a reader may be led to another front each time */
export async function waitWithoutScript(front: () => string, path: string): Promise<Entry> {
  const began = performance.now();
  let target = path;
  for (let requests = 1; ; requests += 1) {
    const answer = await request(new URL(target, front()), { headers: PAGE });
    const page = await answer.body.text();
    const seconds = (performance.now() - began) / 1_000;
    const { location } = answer.headers;
    if (typeof location === 'string') return { location, requests, seconds, told: [] };
    const refresh = /http-equiv="refresh" content="(\d+)(?:; url=([^"]*))?"/.exec(page);
    if (refresh === null)
      throw new Error(`the page does not load itself again: ${answer.statusCode} ${page}`);
    await delay(1_000 * Number(refresh[1]));
    if (refresh[2] !== undefined) target = unescapeHtml(refresh[2]);
  }
}

/** @param front as for `waitWithoutScript` @param onPlace called with each place that the reader is shown */
export async function waitWithScript(
  front: () => string,
  path: string,
  onPlace: (place: number) => void = () => undefined,
): Promise<Entry> {
  const began = performance.now();
  const first = await request(new URL(path, front()), { headers: PAGE });
  const page = await first.body.text();
  const told: { eta: number; at: number }[] = [];
  if (typeof first.headers.location === 'string')
    return { location: first.headers.location, requests: 1, seconds: 0, told };
  let again = unescapeHtml(/data-again="([^"]*)"/.exec(page)?.[1] ?? '');
  onPlace(Number(/data-place="(\d+)"/.exec(page)?.[1]));
  let short = 0;
  for (let requests = 2; ; requests += 1) {
    const asked = performance.now();
    const answer = await ask(front(), again);
    const seconds = (performance.now() - began) / 1_000;
    if (answer?.location !== undefined) return { location: answer.location, requests, seconds, told };
    if (answer?.again !== undefined) again = answer.again;
    if (answer?.place !== undefined) onPlace(answer.place);
    if (typeof answer?.eta === 'number') told.push({ eta: answer.eta, at: performance.now() - began });
    short = performance.now() - asked < 10_000 ? short + 1 : 0;
    if (short > 0) await delay(Math.min(15_000, 1_500 * 2 ** short) * (0.7 + 0.6 * Math.random()));
  }
}

/** Undefined where the front cannot be reached. */
async function ask(front: string, again: string): Promise<z.infer<typeof answerSchema> | undefined> {
  try {
    const answer = await request(new URL(again, front), { headers: { accept: 'application/json' } });
    return answerSchema.parse(await answer.body.json());
  } catch {
    return undefined;
  }
}
