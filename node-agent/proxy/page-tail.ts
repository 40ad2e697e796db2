// Puts a few bytes of ours at the end of a sandbox's HTML pages, where that can be done without harm: of a whole page that is
// shown in a tab or a frame, sent as it is. Behind its end, because a browser takes what follows into the body, and so nothing
// of the page need be read or held back.
import type { IncomingMessage } from 'node:http';

export interface PageTail {
  /** ASCII, the same for every page of one sandbox. */
  readonly html: string;
  /** Of what is added, for validators: letters and digits. */
  readonly version: string;
}

/** With them the reader may get the page in another coding. */
const ASKS_FOR_CODING: ReadonlySet<string> = new Set(['accept-encoding']);

/** With them the reader may get no page, but the word that the one they have is still good. */
const ASKS_FOR_LESS: ReadonlySet<string> = new Set([
  ...ASKS_FOR_CODING,
  'if-none-match',
  'if-modified-since',
]);

/** They speak of the page without our bytes. A date says nothing of them either; an `ETag` is given our version. */
const SPEAKS_OF_THE_BYTES: ReadonlySet<string> = new Set([
  'last-modified',
  'digest',
  'content-digest',
  'repr-digest',
  'content-md5',
  'accept-ranges',
]);

/** What a browser renders (https://fetch.spec.whatwg.org/#concept-request-destination). */
const SHOWN: ReadonlySet<unknown> = new Set(['document', 'iframe', 'frame', 'embed', 'object']);

/** A browser shows the page; not a script that fetches HTML to work with. */
function isPageView({ method, headers }: IncomingMessage): boolean {
  // A part of something is a download that goes on.
  if (method !== 'GET' || headers.range !== undefined) return false;
  const destination = headers['sec-fetch-dest'];
  if (destination !== undefined) return SHOWN.has(destination);
  return headers['sec-fetch-mode'] === undefined && /\btext\/html\b/.test(headers.accept ?? '');
}

/** What is added to the answer of one request; headers are names and values in turn. */
export class TailedPage {
  readonly #tail: PageTail;
  #bytes: Buffer | undefined;
  #isWholeWanted = false;
  /** The reader's copy of the page has our present bytes. */
  #hasTail = false;

  private constructor(tail: PageTail) {
    this.#tail = tail;
  }

  /** @param tail called for page views only. Undefined where there is nothing to add. */
  static for(request: IncomingMessage, tail: () => PageTail | undefined): TailedPage | undefined {
    const added = isPageView(request) ? tail() : undefined;
    return added === undefined ? undefined : new TailedPage(added);
  }

  /** What goes behind the page's own end; undefined where `fitResponse` found that nothing may. */
  get bytes(): Buffer | undefined {
    return this.#bytes;
  }

  /** The request's headers, so that a page is not compressed, nor left out once `wantsWhole` said that it must not be. */
  fitRequest(flat: readonly string[]): string[] {
    const unwanted = this.#isWholeWanted ? ASKS_FOR_LESS : ASKS_FOR_CODING;
    const kept = without(flat, unwanted);
    this.#hasTail = false;
    for (let index = 0; index < kept.length; index += 2) {
      if (kept[index]?.toLowerCase() !== 'if-none-match') continue;
      const plain = withoutVersion(kept[index + 1] ?? '', this.#tail.version);
      if (plain === undefined) continue;
      kept[index + 1] = plain;
      this.#hasTail = true;
    }
    return [...kept, 'accept-encoding', 'identity'];
  }

  /** True, once, when the sandbox says that the reader's copy is still good, which has nothing of ours, or something old. */
  wantsWhole(status: number, flat: readonly string[]): boolean {
    if (status !== 304 || this.#hasTail || this.#isWholeWanted || mustStayAsItIs(flat)) return false;
    this.#isWholeWanted = true;
    return true;
  }

  /** The response's headers with room for our bytes; as they are where nothing may be added to that response. */
  fitResponse(flat: string[], status: number): string[] {
    const { html, version } = this.#tail;
    if (status === 304 && this.#hasTail) return withVersion(flat, version);
    const bytes = Buffer.from(html);
    const roomy = makeRoom(flat, status, bytes.length);
    if (roomy === undefined) return flat;
    this.#bytes = bytes;
    return withVersion(roomy, version);
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
    // In UTF-16 our bytes would be other characters.
    if (name === 'content-type') isPage = /^text\/html\b/i.test(value) && !/utf-?16/i.test(value);
    else if (name === 'content-encoding' && value.toLowerCase() !== 'identity') return undefined;
    else if (name === 'content-length') roomy[index + 1] = String(Number(value) + bytes);
  }
  return isPage ? roomy : undefined;
}

/** An entity tag (RFC 9110 §8.8.3): weak or not, in quotes. */
const TAG = /^\s*((?:W\/)?")([^"]*)"\s*$/;

function withVersion(flat: readonly string[], version: string): string[] {
  return flat.map((value, index) =>
    index % 2 === 1 && flat[index - 1]?.toLowerCase() === 'etag'
      ? value.replace(TAG, `$1$2+${version}"`)
      : value,
  );
}

/** The sandbox's own tag; undefined for one of another version, and for a list, which no browser sends. */
function withoutVersion(value: string, version: string): string | undefined {
  const [, mark = '', tag = ''] = TAG.exec(value) ?? [];
  return tag.endsWith(`+${version}`) ? `${mark}${tag.slice(0, -version.length - 1)}"` : undefined;
}

function without(flat: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    if (!names.has(flat[index]?.toLowerCase() ?? '')) kept.push(flat[index] ?? '', flat[index + 1] ?? '');
  }
  return kept;
}
