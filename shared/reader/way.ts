// The way from a click to a sandbox, as a browser goes it: reads each answer, and says what the browser does next. Redirects, and
// the pages of front and node that go on by themselves or at a press.
import { unescapeHtml } from '../http/page.ts';
import { nextOf } from '../pages/preparing-page.ts';
import { WORK_NAME } from '../protocol/proof-of-work.ts';

/** As many as Chromium and Firefox follow. */
export const MAX_HOPS = 20;

export type Move =
  /** To another address: a redirect, or the end of the page of a start. Absolute. */
  | { readonly kind: 'go'; readonly url: string }
  /** The launch page's button. */
  | { readonly kind: 'press'; readonly url: string }
  /** The proof of work of a nearly full front; to be posted to `workAddress`. */
  | { readonly kind: 'work'; readonly url: string; readonly challenge: string; readonly bits: number }
  /** The line's page: asked again and again, it lets the reader in. */
  | { readonly kind: 'wait'; readonly again: string }
  /** At a page that is not on the way: a sandbox's, or another one. */
  | { readonly kind: 'arrived' }
  /** With an error. */
  | { readonly kind: 'ended'; readonly status: number };

export interface WayAnswer {
  readonly status: number;
  readonly location: string | undefined;
  /** The body. */
  readonly text: string;
}

const WORK = /<form method="post" action="([^"]*)" data-challenge="([^"]+)" data-bits="(1?\d|2[0-4])">/;
// Without a part that could begin again and again in what the last one has gone over: a page may be made to take for ever.
const LAUNCH =
  /<form method="post" action="([^"]*)"><button>[^<]*<\/button><\/form>\s?<p role="status"[^>]* data-asked="/;
const LINE = /<div id="line" data-again="([^"]*)"/;

/** @param url of the request */
export function nextMove(url: string, { status, location, text }: WayAnswer): Move {
  const at = (address: string): string => new URL(address, url).href;
  if (status >= 300 && status < 400 && location !== undefined) return { kind: 'go', url: at(location) };
  // What a sandbox says asks nothing of us.
  if (isInSandbox(url)) return status < 400 ? { kind: 'arrived' } : { kind: 'ended', status };
  const [, again] = LINE.exec(text) ?? [];
  if (again !== undefined) return { kind: 'wait', again: at(unescapeHtml(again)) };
  if (status >= 300) return { kind: 'ended', status };
  const next = nextOf(text);
  if (next !== undefined) return { kind: 'go', url: at(next) };
  const [, toWork, challenge, bits] = WORK.exec(text) ?? [];
  if (toWork !== undefined && challenge !== undefined)
    return { kind: 'work', url: at(unescapeHtml(toWork)), challenge, bits: Number(bits) };
  const [, action] = LAUNCH.exec(text) ?? [];
  if (action !== undefined) return { kind: 'press', url: at(unescapeHtml(action)) };
  return { kind: 'arrived' };
}

/** Where a proof of work is shown. */
export function workAddress(url: string, work: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${WORK_NAME}=${work}`;
}

export function isInSandbox(url: string): boolean {
  return sandboxAt(url) !== undefined;
}

export interface SandboxAddress {
  /** `https://node7.example.org/user/<id>/` */
  readonly base: string;
  readonly id: string;
}

/** The sandbox that an address is in, if it is in one. */
export function sandboxAt(url: string): SandboxAddress | undefined {
  const { origin, pathname } = new URL(url);
  const [, path, id] = /^((?:\/[^/]+)*?\/user\/([^/]+)\/)/.exec(pathname) ?? [];
  return path === undefined || id === undefined ? undefined : { base: origin + path, id };
}

/** The node that a sandbox's address is of, as it is called in reports; where sandboxes have host names of their own, without theirs. */
export function nodeOf(url: string): string {
  const { host } = new URL(url);
  const { id = '' } = sandboxAt(url) ?? {};
  return id !== '' && host.startsWith(`${id}.`) ? host.slice(id.length + 1) : host;
}
