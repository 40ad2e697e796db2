// What of a sandbox's answer may be kept for readers of other sandboxes, and for how long (RFC 9111 §3).
import { createHash } from 'node:crypto';
import type { StaticAddress } from './address.ts';

/** A sandbox's answer to a GET. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** What may be kept of it. */
export interface Kept {
  /** Names and values in turn; `PLACE` stands for the id of the sandbox. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** The same for two answers that are the same. */
  readonly fingerprint: string;
  /** How long it may be used, ms; `Infinity` where its address names its content. */
  readonly freshMs: number;
}

/** Why an answer is not kept. */
export type Refused =
  | 'status'
  | 'empty'
  | 'type'
  | 'personal'
  | 'varies'
  | 'changing'
  | 'coded'
  | 'digest'
  | 'headers';

/** Stands for the id of a sandbox in a header's value; no value can contain it. */
export const PLACE = '\0';

/** An answer without a hash in its address has to say itself that it stays the same for this long. s */
const LEAST_FRESH_S = 3600;
/** It is then asked for again after this time at the latest. s */
const MOST_FRESH_S = 86_400;

/** Scripts, styles, data, fonts, pictures: what a page loads. Never a page, which may be personal and gets the companion. */
const TYPE =
  /^(?:text\/(?:css|javascript|plain)|application\/(?:javascript|x-javascript|ecmascript|json|wasm|manifest\+json|source-map|font-[\w-]+|x-font-[\w-]+|vnd\.ms-fontobject|octet-stream)|font\/[\w.+-]+|image\/[\w.+-]+)(?:\s*;|$)/i;

/** They belong to one message, or Node writes them. */
const OF_ONE_MESSAGE: ReadonlySet<string> = new Set([
  'age',
  'connection',
  'content-length',
  'date',
  'expires',
  'keep-alive',
  'server-timing',
  'transfer-encoding',
  'x-request-id',
  'x-runtime',
]);

/** They say something about one reader, about one representation in bytes, or about where else to go. */
const SPEAKS_OF_MORE: ReadonlySet<string> = new Set([
  'authentication-info',
  'clear-site-data',
  'content-digest',
  'content-location',
  'content-md5',
  'content-range',
  'digest',
  'location',
  'proxy-authenticate',
  'refresh',
  'repr-digest',
  'trailer',
  'upgrade',
  'www-authenticate',
]);

/** @param sandbox the one that answered */
export function judge(
  answer: Answer,
  address: StaticAddress,
  { id, token }: { readonly id: string; readonly token: string },
): Kept | Refused {
  const { status, headers, body } = answer;
  if (status !== 200) return 'status';
  if (body.length === 0) return 'empty';
  if (!TYPE.test(one(headers['content-type']))) return 'type';
  if (headers['set-cookie'] !== undefined || speaksOf(body, id) || speaksOf(body, token)) return 'personal';
  if (!/^(?:\s*accept-encoding\s*)?$/i.test(one(headers.vary))) return 'varies';
  if (!/^(?:identity)?$/i.test(one(headers['content-encoding']))) return 'coded';
  if (address.digest !== undefined && !isDigestOf(address.digest, body)) return 'digest';
  const freshMs = freshTime(answer, address);
  if (typeof freshMs === 'string') return freshMs;
  const kept = headersToKeep(headers, id);
  if (kept === undefined || kept.some((part) => part.includes(token))) return 'headers';
  const fingerprint = createHash('sha256').update(JSON.stringify(kept)).update(body).digest('base64');
  return { headers: kept, body, fingerprint, freshMs };
}

/** Of an address that names its content the time has no end; of any other, what the answer says. ms */
function freshTime({ headers }: Answer, { isHashed, digest }: StaticAddress): number | Refused {
  const control = directives(one(headers['cache-control']));
  if (control.has('private') || control.has('no-store')) return 'personal';
  if (isHashed || digest !== undefined) return Number.POSITIVE_INFINITY;
  const seconds = Number(control.get('s-maxage') ?? control.get('max-age'));
  if (control.has('no-cache') || !(seconds >= LEAST_FRESH_S)) return 'changing';
  return Math.min(seconds, MOST_FRESH_S) * 1000;
}

/** The directives of `Cache-Control`, in lower case, with their values. */
export function directives(header: string): ReadonlyMap<string, string> {
  return new Map(
    header
      .toLowerCase()
      .split(',')
      .map((part): [string, string] => {
        const [name = '', value = ''] = part.split('=', 2);
        return [name.trim(), value.trim().replace(/^"(.*)"$/, '$1')];
      }),
  );
}

function headersToKeep(headers: Answer['headers'], id: string): readonly string[] | undefined {
  const kept: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || OF_ONE_MESSAGE.has(name) || name === 'vary') continue;
    if (SPEAKS_OF_MORE.has(name)) return undefined;
    for (const each of typeof value === 'string' ? [value] : value)
      kept.push(name, each.replaceAll(id, PLACE));
  }
  return kept;
}

function one(value: string | readonly string[] | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : value.join(', ');
}

function speaksOf(body: Buffer, secret: string): boolean {
  return body.includes(secret, 0, 'latin1');
}

const ALGORITHMS: Readonly<Record<number, string>> = {
  32: 'md5',
  40: 'sha1',
  64: 'sha256',
  96: 'sha384',
  128: 'sha512',
};

function isDigestOf(digest: string, body: Buffer): boolean {
  const algorithm = ALGORITHMS[digest.length];
  return algorithm !== undefined && createHash(algorithm).update(body).digest('hex') === digest;
}
