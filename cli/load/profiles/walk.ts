// The way in: from the click to a page, through redirects and the pages of front and nodes, each step timed apart.
import { setImmediate as turn } from 'node:timers/promises';
import { HAND_OVER_PATH } from '../../../node-agent/own-origin/own-origin.ts';
import { isSolved } from '../../../shared/protocol/proof-of-work.ts';
import type { Destination, Site } from '../../../shared/reader/browser-headers.ts';
import {
  isInSandbox,
  MAX_HOPS,
  type Move,
  nextMove,
  sandboxAt,
  workAddress,
} from '../../../shared/reader/way.ts';
import type { ClientAnswer } from '../client/reader-client.ts';
import { type Patience, waitInLine } from './line.ts';
import type { Visit } from './visit.ts';

export interface Start {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly destination: 'document' | 'iframe';
  readonly site: Site;
  /** Longest time in line, however often they have to stand there. ms */
  readonly patienceMs: number;
}

export interface Landing {
  readonly url: string;
  /** Of the sandbox, or of the site where it is none; with a slash at its end. */
  readonly base: string;
  readonly destination: Destination;
  readonly text: string;
}

/**
 * Pages of front and nodes that one way may have between its redirects: a start, a turn in line and what a bounce adds to them, again
 * and again. A reader in line for long sees many; a fleet that goes round sends further ones.
 */
const MOST_PAGES = 100;

/** ms at a time, so that other readers are served meanwhile */
const WORK_SLICE_MS = 5;

/** @throws VisitEnded where the way ends otherwise */
export async function walkIn(visit: Visit, start: Start): Promise<Landing> {
  const { destination, patienceMs } = start;
  const front = new URL(start.url).origin;
  let { url: here, method = 'GET', site } = start;
  let isFirst = true;
  let redirects = 0;
  let pages = 0;
  const patience = { patienceMs, waitedMs: 0 };
  while (redirects <= MAX_HOPS && pages <= MOST_PAGES) {
    const answer = await visit.send(stepAt(here, front), here, {
      ...{ method, destination, site, isPressed: true, isRead: true },
      ...(isFirst && start.headers !== undefined ? { headers: start.headers } : {}),
    });
    isFirst = false;
    const move = nextMove(here, answer);
    const step = stepOf(move, here, { front, isRedirect: isRedirect(answer) });
    if (step === 'claim' && !isHandOver(here)) visit.node = new URL(here).host;
    visit.status(step, answer.status);
    visit.lap(step, step === 'redirect' && move.kind === 'go' ? new URL(move.url).host : visit.node);
    if (move.kind === 'arrived') {
      visit.client.settleAt(here);
      const base = sandboxAt(here)?.base ?? new URL('/', here).href;
      visit.total('landed');
      return { url: here, base, destination, text: answer.text };
    }
    if (move.kind === 'ended') visit.refuse(step, move.status, here);
    const next = await follow(visit, move, patience);
    // A browser counts the redirects of one navigation; a page that goes on begins another.
    redirects = isRedirect(answer) ? redirects + 1 : 0;
    if (!isRedirect(answer)) pages += 1;
    site = isRedirect(answer) ? worst(site, relation(here, next.url)) : relation(here, next.url);
    ({ url: here, method } = next);
  }
  const round = redirects > MAX_HOPS ? `more than ${MAX_HOPS} redirects` : `more than ${MOST_PAGES} pages`;
  return visit.fail(stepAt(here, front), new Error(round), here);
}

async function follow(
  visit: Visit,
  move: Exclude<Move, { kind: 'arrived' | 'ended' }>,
  patience: Patience,
): Promise<{ readonly url: string; readonly method: 'GET' | 'POST' }> {
  if (move.kind === 'go') return { url: move.url, method: 'GET' };
  if (move.kind === 'press') return { url: move.url, method: 'POST' };
  if (move.kind === 'work') {
    const work = await solve(move.challenge, move.bits);
    visit.lap('work');
    return { url: workAddress(move.url, work), method: 'POST' };
  }
  visit.client.settleAt(move.again);
  const url = await waitInLine(visit, move.again, patience);
  visit.lap('line');
  return { url, method: 'GET' };
}

/** What the step is called that ended with this move. */
function stepOf(
  move: Move,
  here: string,
  { front, isRedirect }: { readonly front: string; readonly isRedirect: boolean },
): string {
  if (move.kind === 'press') return 'launch_page';
  if (move.kind === 'work') return 'work_page';
  if (move.kind === 'wait') return 'line_page';
  if (move.kind === 'arrived') return 'page';
  if (move.kind === 'ended') return stepAt(here, front);
  // The page of a start.
  if (!isRedirect) return 'preparing';
  if (isInSandbox(here)) return 'page_redirect';
  if (isHandOver(here)) return 'handover';
  if (isInSandbox(move.url) || isHandOver(move.url)) return 'claim';
  return new URL(here).origin !== front && new URL(move.url).origin === front ? 'bounce' : 'redirect';
}

/** What the step is called that ends with an error here. */
function stepAt(here: string, front: string): string {
  if (isInSandbox(here)) return 'page';
  return new URL(here).origin === front ? 'redirect' : 'claim';
}

function isHandOver(url: string): boolean {
  return new URL(url).pathname.startsWith(HAND_OVER_PATH);
}

function isRedirect({ status }: ClientAnswer): boolean {
  return status >= 300 && status < 400;
}

/** As `Sec-Fetch-Site` says it; a site is taken for the last two labels of a name, which is wrong for co.uk and the like. */
export function relation(from: string, to: string): Site {
  const [one, other] = [new URL(from), new URL(to)];
  if (one.origin === other.origin) return 'same-origin';
  const site = ({ hostname }: URL): string => /(?:[^.]+\.)?[^.]+$/.exec(hostname)?.[0] ?? hostname;
  const isSame =
    one.hostname === other.hostname || (!/^[\d.]+$|:/.test(one.hostname) && site(one) === site(other));
  return isSame ? 'same-site' : 'cross-site';
}

const SITES: readonly Site[] = ['same-origin', 'same-site', 'cross-site'];

/** Along redirects, the most distant one counts; what a person typed stays that. */
function worst(one: Site, other: Site): Site {
  if (one === 'none') return one;
  return SITES.indexOf(one) > SITES.indexOf(other) ? one : other;
}

/** As the page does it: a little at a time. */
async function solve(challenge: string, bits: number): Promise<string> {
  let number = 0;
  for (;;) {
    const until = performance.now() + WORK_SLICE_MS;
    while (performance.now() < until) {
      const work = `${challenge}.${number}`;
      if (isSolved(work, bits)) return work;
      number += 1;
    }
    await turn();
  }
}
