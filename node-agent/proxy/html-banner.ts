// Puts a few lines of ours at the end of a sandbox's HTML page, where that can be done without harm: to a whole page that
// a person looks at, sent as it is. Behind its end, because a browser takes what follows into the body, and so nothing
// of the page need be read or held back.
import type { IncomingMessage } from 'node:http';

/** With them the reader may get the page in another coding. */
const ASKS_FOR_CODING: ReadonlySet<string> = new Set(['accept-encoding']);

/** With them the reader may get no page, but the word that the one they have is still good. */
const ASKS_FOR_LESS: ReadonlySet<string> = new Set([
  ...ASKS_FOR_CODING,
  'if-none-match',
  'if-modified-since',
]);

/** They speak of the page without our lines. */
const SPEAKS_OF_THE_BYTES: ReadonlySet<string> = new Set([
  'etag',
  'last-modified',
  'digest',
  'content-digest',
  'repr-digest',
  'content-md5',
  'accept-ranges',
]);

/** A person opens a page, or a frame of one does; not a script that fetches HTML to work with. */
function isPageView({ method, headers }: IncomingMessage): boolean {
  // A part of something is a download that goes on.
  if (method !== 'GET' || headers.range !== undefined) return false;
  const destination = headers['sec-fetch-dest'];
  if (destination !== undefined) return destination === 'document';
  return headers['sec-fetch-mode'] === undefined && /\btext\/html\b/.test(headers.accept ?? '');
}

/** The banner of one request; headers are names and values in turn. */
export class PageBanner {
  readonly #html: string;
  #tail: Buffer | undefined;
  #isWholeWanted = false;

  private constructor(html: string) {
    this.#html = html;
  }

  /** @param banner called for page views only. Undefined where there is nothing to add. */
  static for(request: IncomingMessage, banner: () => string | undefined): PageBanner | undefined {
    const html = isPageView(request) ? banner() : undefined;
    return html === undefined ? undefined : new PageBanner(html);
  }

  /** What goes behind the page's own end; undefined where `fitResponse` found that nothing may. */
  get tail(): Buffer | undefined {
    return this.#tail;
  }

  /** The request's headers, so that a page is not compressed, nor left out once `wantsWhole` said that it must not be. */
  fitRequest(flat: readonly string[]): string[] {
    const unwanted = this.#isWholeWanted ? ASKS_FOR_LESS : ASKS_FOR_CODING;
    return [...without(flat, unwanted), 'accept-encoding', 'identity'];
  }

  /** True, once, when the sandbox says that the reader's copy is still good, which has no banner or an old one. */
  wantsWhole(status: number, flat: readonly string[]): boolean {
    if (status !== 304 || this.#isWholeWanted || mustStayAsItIs(flat)) return false;
    this.#isWholeWanted = true;
    return true;
  }

  /** The response's headers with room for the banner; as they are where nothing may be added to that response. */
  fitResponse(flat: string[], status: number): string[] {
    const tail = Buffer.from(this.#html);
    const roomy = makeRoom(flat, status, tail.length);
    if (roomy === undefined) return flat;
    this.#tail = tail;
    return roomy;
  }
}

/** Whether nothing may be added to that response: a download, or one whose `Cache-Control` says so (RFC 9111 §5.2.2.6). */
function mustStayAsItIs(flat: readonly string[]): boolean {
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index]?.toLowerCase();
    const value = flat[index + 1] ?? '';
    if (name === 'content-disposition' && /^\s*attachment\b/i.test(value)) return true;
    if (name === 'cache-control' && /(?:^|[\s,])no-transform(?:$|[\s,])/i.test(value)) return true;
  }
  return false;
}

/** The response's headers with `bytes` bytes added; undefined where nothing may be added to that response. */
export function makeRoom(flat: readonly string[], status: number, bytes: number): string[] | undefined {
  if (status !== 200 || mustStayAsItIs(flat)) return undefined;
  let isPage = false;
  const roomy = without(flat, SPEAKS_OF_THE_BYTES);
  for (let index = 0; index < roomy.length; index += 2) {
    const name = roomy[index]?.toLowerCase();
    const value = roomy[index + 1] ?? '';
    if (name === 'content-type') isPage = /^text\/html\b/i.test(value);
    else if (name === 'content-encoding' && value.toLowerCase() !== 'identity') return undefined;
    else if (name === 'content-length') roomy[index + 1] = String(Number(value) + bytes);
  }
  return isPage ? roomy : undefined;
}

function without(flat: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    if (!names.has(flat[index]?.toLowerCase() ?? '')) kept.push(flat[index] ?? '', flat[index + 1] ?? '');
  }
  return kept;
}
