// The click of a reader made by us, for `tmpfleet doctor` and the canary: the whole way to the page of a sandbox, as a browser goes it.
import { request } from 'undici';
import { readError } from '../api/error.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type ErrorCode, FleetError } from '../errors.ts';
import { explainUnreachable, FRONT_LISTENER, type Listener, NODE_LISTENER } from '../http/network-errors.ts';
import { type BodyLimit, readText } from '../http/read-body.ts';
import { solveWork } from '../protocol/proof-of-work.ts';
import { CookieJar } from './cookie-jar.ts';
import { dispatcherFor } from './localhost.ts';
import { MAX_HOPS, type Move, nextMove, sandboxAt, workAddress } from './way.ts';

const ASK_MS = 30_000;
/** Far more than any page of front or node. */
const WAY_LIMIT = { bytes: 1024 * 1024, what: 'the page' };
/** Far more than any page of a sandbox. */
const PAGE_LIMIT = { bytes: 16 * 1024 * 1024, what: 'the page' };
/** Of an answer that is JSON: reading it takes as long as nothing else is done. */
const JSON_LIMIT = { bytes: 64 * 1024, what: 'the answer' };
/** A navigation by a person: what else comes gets a page with a button. */
const BROWSER = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };

export interface Landing {
  /** `https://node7.example.org/user/<id>/` */
  readonly base: string;
  readonly sandbox: string;
  /** What shows that the sandbox is this reader's own. */
  readonly headers: { readonly cookie: string };
  readonly hops: number;
  /** From the click until the answer that led to the sandbox, and from there until its page was read. ms */
  readonly times: { readonly claim: number; readonly page: number };
  /** Ends what is asked of the sandbox. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClickOptions {
  /** What the reader calls themselves, for logs of others. */
  readonly agent: string;
  readonly clock?: Pick<Clock, 'monotonic'>;
  /** Whether to go there; default: anywhere, as a browser does. */
  readonly allows?: (move: Exclude<Move, { readonly kind: 'wait' | 'arrived' | 'ended' }>) => boolean;
  /** Called with the id of the sandbox as soon as an answer names it. */
  readonly onSandbox?: (id: string) => void;
  /** Ends the click, and what is asked of its sandbox. */
  readonly signal?: AbortSignal;
}

/** The way of a click that led to no sandbox's page. */
export class ClickEnded extends FleetError {
  /** As the answer gives it. */
  readonly reason: ErrorCode | undefined;

  constructor(message: string, remedy: string, reason?: ErrorCode) {
    super('unavailable', message, { remedy });
    this.reason = reason;
  }
}

/** @throws FleetError `unavailable` with where the way ended instead */
export async function click(
  url: string,
  { agent, clock = systemClock, allows, onSandbox, signal }: ClickOptions,
): Promise<Landing> {
  const began = clock.monotonic();
  let claimedAt: number | undefined;
  const jar = new CookieJar();
  let here = url;
  let method: 'GET' | 'POST' = 'GET';
  for (let hops = 0; hops <= MAX_HOPS; hops += 1) {
    const cookie = jar.headerFor(here);
    const inside = sandboxAt(here);
    if (inside !== undefined && claimedAt === undefined) {
      claimedAt = clock.monotonic();
      onSandbox?.(inside.id);
    }
    const headers = { ...BROWSER, 'user-agent': agent, ...(cookie === '' ? {} : { cookie }) };
    const limit = inside === undefined ? WAY_LIMIT : PAGE_LIMIT;
    const listener = hops === 0 ? FRONT_LISTENER : NODE_LISTENER;
    const answer = await ask(here, { headers, method, limit, listener, signal });
    jar.keep(here, answer.headers['set-cookie']);
    const { location } = answer.headers;
    const move = nextMove(here, { ...answer, location: typeof location === 'string' ? location : undefined });
    if (move.kind === 'go' || move.kind === 'press' || move.kind === 'work') {
      if (allows?.(move) === false)
        throw new ClickEnded(`the click was led to ${withoutQuery(move.url)}`, 'is that address right?');
      here = move.kind === 'work' ? workAddress(move.url, solveWork(move.challenge, move.bits)) : move.url;
      method = move.kind === 'go' ? 'GET' : 'POST';
      continue;
    }
    const sandbox = sandboxAt(here);
    if (move.kind === 'arrived' && sandbox !== undefined) {
      const own = { cookie: jar.headerFor(sandbox.base) };
      const claim = (claimedAt ?? clock.monotonic()) - began;
      const times = { claim, page: clock.monotonic() - began - claim };
      return { base: sandbox.base, sandbox: sandbox.id, hops, headers: own, times, signal };
    }
    const { status } = answer;
    throw new ClickEnded(
      `the click ended with ${status} at ${withoutQuery(here)}`,
      status === 503 ? 'is there room? tmpfleet doctor --front shows the nodes' : 'try it in a browser',
      answer.text.length > JSON_LIMIT.bytes ? undefined : readError(answer.text)?.code,
    );
  }
  const message = `the click went round in ${MAX_HOPS} redirects, last to ${withoutQuery(here)}`;
  throw new FleetError('unavailable', message, {
    remedy: "is a node's --front-url this front, and does each node have its own address?",
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: that of an answer that is JSON. */
  readonly limit?: BodyLimit;
  /** Whom an error names. */
  readonly listener?: Listener;
  readonly signal?: AbortSignal | undefined;
}

/** @throws FleetError `unavailable`, or `bad-report` for a longer answer */
export async function ask(url: string, options: AskOptions): Promise<Answer> {
  const { limit = JSON_LIMIT, listener = NODE_LISTENER, signal, ...asked } = options;
  try {
    const late = AbortSignal.timeout(ASK_MS);
    const until = signal === undefined ? late : AbortSignal.any([late, signal]);
    const answer = await request(url, { ...asked, ...dispatcherFor(url), signal: until });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: await readText(answer.body, limit),
    };
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    const { message, remedy } = explainUnreachable(cause, url, listener);
    throw new FleetError('unavailable', message, { cause, remedy });
  }
}

/** Removes the ticket, which must not be in a report. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
