// Answers one request from a file in memory: conditions, ranges and codings (RFC 9110 §12 to §14).
import type { IncomingMessage } from 'node:http';
import fresh from 'fresh';
import Negotiator from 'negotiator';
import parseRange from 'range-parser';
import { directives, PLACE } from './keepable.ts';
import { type Entry, findHeader } from './store.ts';

/** A response as the reader's sandbox would have given it, for the proxy to send on. */
export interface StoredAnswer {
  readonly status: 200 | 206 | 304 | 416;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Of a HEAD too, which does not get it. */
  readonly body: Buffer | undefined;
}

type Coding = 'br' | 'gzip' | 'identity';

/** Headers of a message with content, which a 304 leaves out (RFC 9110 §15.4.5). */
const OF_CONTENT: ReadonlySet<string> = new Set(['accept-ranges', 'content-language', 'content-type']);

/** Whether the request is for the sandbox alone: its reader wants to know what is there now, or asks more than a cache answers. */
export function asksSandbox({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  if (method !== 'GET' && method !== 'HEAD') return true;
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return true;
  const control = headers['cache-control'];
  if (control === undefined) return /no-cache/i.test(headers.pragma ?? '');
  const asked = directives(control);
  return asked.has('no-cache') || asked.has('no-store') || asked.has('no-transform');
}

/**
 * Undefined when the reader accepts no coding that is there.
 * @param id of the reader's sandbox
 * @param now ms, of the clock of `entry`
 */
export function answerFrom(
  entry: Entry,
  request: Pick<IncomingMessage, 'method' | 'headers'>,
  { id, now }: { readonly id: string; readonly now: number },
): StoredAnswer | undefined {
  const { method, headers: asked } = request;
  const range = method === 'GET' ? asked.range : undefined;
  // A range is one of the file as it is.
  const coding = chooseCoding(entry, asked['accept-encoding'], range === undefined);
  if (coding === undefined) return undefined;
  const etag = findHeader(entry.headers, 'etag');
  const lastModified = findHeader(entry.headers, 'last-modified');
  const headers = fill(entry, id, coding);
  headers.push('age', String(Math.max(0, Math.floor((now - entry.learntAt) / 1000))));
  if (entry.isCompressible) headers.push('vary', 'Accept-Encoding');
  if (isFresh(asked, { etag, lastModified }))
    return { status: 304, headers: without(headers, OF_CONTENT), body: undefined };
  const whole = (coding === 'identity' ? undefined : entry[coding]) ?? entry.body;
  if (range !== undefined && rangeCounts(asked['if-range'], etag, lastModified)) {
    const part = cut(whole, range);
    if (part === 'none') {
      headers.push('content-range', `bytes */${whole.length}`, 'content-length', '0');
      return { status: 416, headers: without(headers, OF_CONTENT), body: undefined };
    }
    if (part !== undefined) {
      headers.push('content-range', `bytes ${part.start}-${part.end}/${whole.length}`);
      headers.push('content-length', String(part.end - part.start + 1));
      return { status: 206, headers, body: whole.subarray(part.start, part.end + 1) };
    }
  }
  if (coding !== 'identity') headers.push('content-encoding', coding);
  headers.push('content-length', String(whole.length));
  return { status: 200, headers, body: whole };
}

function chooseCoding(entry: Entry, accepted: string | undefined, mayCode: boolean): Coding | undefined {
  if (accepted === undefined) return 'identity';
  const ready: Coding[] = ['identity'];
  if (mayCode && entry.gzip !== undefined) ready.unshift('gzip');
  if (mayCode && entry.br !== undefined) ready.unshift('br');
  const ranked = new Negotiator({ headers: { 'accept-encoding': accepted } }).encodings(ready);
  // Where the reader does not weigh them, their order means nothing (RFC 9110 §12.5.3), and the smallest is the best.
  const best = accepted.includes(';') ? ranked[0] : ready.find((coding) => ranked.includes(coding));
  return ready.find((coding) => coding === best);
}

/** The entry's headers for the reader of that sandbox. A file in another coding has the same tag only as a weak one. */
function fill({ headers }: Entry, id: string, coding: Coding): string[] {
  return headers.map((part, index) => {
    if (index % 2 === 0) return part;
    const value = part.includes(PLACE) ? part.replaceAll(PLACE, id) : part;
    const isStrongTag = coding !== 'identity' && headers[index - 1] === 'etag' && !value.startsWith('W/');
    return isStrongTag ? `W/${value}` : value;
  });
}

interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** Whether the copy that the reader has is still good. */
function isFresh(asked: IncomingMessage['headers'], { etag, lastModified }: Validators): boolean {
  // What concerns the request itself has been judged: see `asksSandbox`.
  const { 'cache-control': _, ...conditions } = asked;
  return fresh(conditions, { etag, 'last-modified': lastModified });
}

/** Whether the part that a reader has belongs to this file (RFC 9110 §13.1.5): by a strong tag, or by the exact date. */
function rangeCounts(
  condition: string | string[] | undefined,
  etag: string | undefined,
  lastModified: string | undefined,
): boolean {
  if (condition === undefined) return true;
  if (typeof condition !== 'string' || condition.startsWith('W/')) return false;
  return condition === (condition.startsWith('"') ? etag : lastModified);
}

/** Undefined where the whole is to be sent: several parts, another unit, or a header that makes no sense. */
function cut(
  whole: Buffer,
  range: string,
): { readonly start: number; readonly end: number } | 'none' | undefined {
  const parts = parseRange(whole.length, range, { combine: true });
  if (parts === -1) return 'none';
  if (parts === -2 || parts.type !== 'bytes' || parts.length !== 1) return undefined;
  return parts[0];
}

function without(flat: readonly string[], names: ReadonlySet<string>): string[] {
  return flat.filter((_, index) => !names.has(flat[index - (index % 2)] ?? ''));
}
