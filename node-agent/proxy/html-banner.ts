// Puts a few lines of ours at the end of a sandbox's HTML page, where that can be done without harm: to a whole page that
// a person looks at, sent as it is. Behind its end, because a browser takes what follows into the body, and so nothing
// of the page need be read or held back.
import type { IncomingMessage } from 'node:http';

/** They would get the reader something other than the whole page as it is. */
const ASKS_FOR_LESS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'range',
  'if-range',
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
export function isPageView({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET') return false;
  const destination = headers['sec-fetch-dest'];
  if (destination !== undefined) return destination === 'document';
  return headers['sec-fetch-mode'] === undefined && /\btext\/html\b/.test(headers.accept ?? '');
}

/** The request's headers (names and values in turn), so that the answer is the whole page, not compressed. */
export function askForWholePage(flat: readonly string[]): string[] {
  return [...without(flat, ASKS_FOR_LESS), 'accept-encoding', 'identity'];
}

/** The response's headers with so many bytes added; undefined where nothing may be added to that response. */
export function makeRoom(flat: readonly string[], status: number, bytes: number): string[] | undefined {
  if (status !== 200) return undefined;
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
