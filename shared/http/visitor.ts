// Who asks: distinguishes a person's click from every other request. Only a click may use a sandbox, and only a click counts
// as a reader on their way. The front and the nodes use this one rule.
//
// It follows fetch metadata (https://www.w3.org/TR/fetch-metadata/), which a browser sets and a page cannot change. A program
// can send any header: how much one client may take is limited elsewhere.
import type { IncomingHttpHeaders } from 'node:http';
import { findEmbedOrigin } from '../protocol/embed-origins.ts';

export type Visitor =
  /** A browser that navigates the whole tab for its user. */
  | 'person'
  /**
   * A page of ours sends it: the button of the launch page, or a link on a page of ours inside a frame. So does the button of
   * an article on a site that may show notebooks (`--embed-origins`), into its frame. Also a program's POST, because programs
   * send neither `Sec-Fetch-Site` nor `Origin`.
   */
  | 'press'
  /** A page of another site loads it into a frame. A view of that page is not a click. */
  | 'frame'
  /** A POST that a page of another origin makes, and that origin is not allowed. */
  | 'cross-site'
  /** A request ahead of a click that may never come. */
  | 'prefetch'
  /** Asks for the headers only. */
  | 'head'
  /** A link-preview bot, a script, curl, or a browser without fetch metadata (plain http, or an old one). */
  | 'unknown';

/** What of a request tells its visitor. */
export interface VisitorRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Values of `Sec-Fetch-Dest` for a document inside another document. */
const FRAMES: ReadonlySet<unknown> = new Set(['iframe', 'frame', 'embed', 'object', 'fencedframe']);

/** Whose pages may make POSTs here. */
export interface PostOrigins {
  /** The origin of CORS (`--allow-origin`), or `*`; empty for none. */
  readonly allowOrigin: string;
  /** Sites that may show notebooks. */
  readonly embedOrigins: readonly string[];
}

const NONE: PostOrigins = { allowOrigin: '', embedOrigins: [] };

export function recognizeVisitor({ method, headers }: VisitorRequest, origins = NONE): Visitor {
  if (isPrefetch(headers)) return 'prefetch';
  if (method === 'HEAD') return 'head';
  if (method === 'POST') {
    const isForeign = isForeignPost(headers, origins.allowOrigin) && !isArticlesButton(headers, origins);
    return isForeign ? 'cross-site' : 'press';
  }
  if (headers['sec-fetch-mode'] !== 'navigate') return 'unknown';
  const { 'sec-fetch-dest': dest = 'document' } = headers;
  if (!FRAMES.has(dest)) return 'person';
  // Same-site is not enough: an article below the same domain is viewed, too, and so is another reader's sandbox.
  return headers['sec-fetch-site'] === 'same-origin' ? 'press' : 'frame';
}

/**
 * Whether a visit may use a sandbox.
 * @param pressed whether its ticket says that its reader has clicked already: at the front, or before a bounce. Their
 *   browser then arrives by a redirect, which may be a navigation in a frame of another site.
 */
export function isClick(visitor: Visitor, pressed: boolean): boolean {
  if (visitor === 'person' || visitor === 'press') return true;
  return pressed && (visitor === 'frame' || visitor === 'unknown');
}

/**
 * Whether the POST navigates a frame, or a tab, for a site that may show notebooks. A site that is listed by itself is trusted
 * to do so at a click. Where only a pattern matches it, the browser has to say that somebody clicked; Safari never does.
 */
function isArticlesButton(headers: IncomingHttpHeaders, { embedOrigins }: PostOrigins): boolean {
  const { origin, 'sec-fetch-mode': mode = 'navigate', 'sec-fetch-user': user } = headers;
  if (origin === undefined || mode !== 'navigate') return false;
  const listing = findEmbedOrigin(origin, embedOrigins);
  return listing === 'listed' || (listing === 'matched' && user === '?1');
}

/**
 * Whether a page of another origin made this POST. Browsers send `Origin` with each POST, also from plain http and with
 * `mode: "no-cors"` (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
 */
export function isForeignPost(headers: IncomingHttpHeaders, allowedOrigin: string): boolean {
  const { origin, host = '', 'sec-fetch-site': site } = headers;
  if (origin !== undefined && (allowedOrigin === '*' || origin === allowedOrigin)) return false;
  // The browser's own word first: a terminator in front of us may have replaced `Host`.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host.toLowerCase();
}

/** Sec-Purpose: https://fetch.spec.whatwg.org/#sec-purpose-header ; older browsers send the others. */
function isPrefetch({ 'sec-purpose': secPurpose, purpose, 'x-moz': xMoz }: IncomingHttpHeaders): boolean {
  if (secPurpose === undefined && purpose === undefined && xMoz === undefined) return false;
  return /prefetch|prerender|preview/i.test(`${secPurpose} ${purpose} ${xMoz}`);
}
