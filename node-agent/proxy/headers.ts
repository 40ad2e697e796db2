// Headers on their way through, both ways: what belongs to one connection stays there (RFC 9110 §7.6.1), the
// sandbox learns who asks, and nothing it answers can speak for the whole origin.
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { withoutFrameAncestors } from '../../shared/http/embedding.ts';
import type { Address } from '../engine/engine.ts';
import { confineSetCookie, keepCookies } from './cookies.ts';
import { nameOf, withoutPrompt } from './header-names.ts';
import { type Prefix, readersLocation } from './path.ts';

export interface RequestRules {
  readonly trustProxy: boolean;
  /** Names of the cookies that the sandbox has set. */
  readonly cookies: ReadonlySet<string>;
  readonly token: string | undefined;
  /** `/user/<id>`, for a program that does not know it; else undefined. */
  readonly prefix?: string | undefined;
}

export interface ResponseRules {
  /** Remembers the name of a cookie that the sandbox sets; false when it may have no more. */
  readonly learnCookie: (name: string) => boolean;
  /** Whether the reader's connection is https. */
  readonly isHttps: () => boolean;
  /** The answer must not become a document of this origin. */
  readonly inert: boolean;
  /** Where the sandbox lives, with a slash at its end. */
  readonly base: string;
  /** Where it listens. */
  readonly address: Address;
  /** For a program that does not know its base path; else undefined. */
  readonly prefix?: Prefix | undefined;
  readonly fixed: FixedHeaders;
  /** Who may show it in a frame: a policy of its own. */
  readonly framePolicy: string;
}

/** Headers that every response gets, prepared once. */
export interface FixedHeaders {
  readonly names: ReadonlySet<string>;
  readonly flat: readonly string[];
}

/** They say where a message ends and which host it is for, so `Connection` cannot name them. */
const NEVER_NAMED: ReadonlySet<string> = new Set(['host', 'content-length']);

const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'] as const;

export function fixHeaders(headers: Readonly<Record<string, string>>): FixedHeaders {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    value,
  ]);
  return { names: new Set(entries.map(([name]) => name)), flat: entries.flat() };
}

/** The request's headers for the sandbox: names and values in turn. */
export function requestHeaders(request: IncomingMessage, rules: RequestRules): string[] {
  const { rawHeaders } = request;
  const named = namedByConnection(request.headers.connection);
  const given = new Map<string, string>();
  const flat: string[] = [];
  let via = '';
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const is = nameOf(name);
    const { lower } = is;
    if (is.isKeptFromSandboxes || named?.has(lower) === true) continue;
    if (is.passesToSandboxes) {
      flat.push(name, value);
      continue;
    }
    if (lower === 'authorization' && rules.token !== undefined) continue;
    if (is.isForwarded) {
      if (!rules.trustProxy || (rules.prefix !== undefined && lower === 'x-forwarded-prefix')) continue;
      if (FORWARDED.some((known) => known === lower)) {
        const before = given.get(lower);
        if (before === undefined) given.set(lower, lower === 'x-forwarded-for' ? value : firstOf(value));
        else if (lower === 'x-forwarded-for') given.set(lower, `${before}, ${value}`);
        continue;
      }
    }
    if (is.isClaimOfOrigin && !rules.trustProxy) continue;
    if (lower === 'via') {
      via += `${value}, `;
      continue;
    }
    if (lower === 'max-forwards' && /^\d+$/.test(value)) {
      flat.push(name, String(Math.max(0, Number(value) - 1)));
      continue;
    }
    if (lower === 'cookie') {
      const shown = keepCookies(value, rules.cookies);
      if (shown !== undefined) flat.push(name, shown);
      continue;
    }
    flat.push(name, value);
  }
  if (rules.token !== undefined) flat.push('authorization', `token ${rules.token}`);
  // A gateway names itself in what it forwards (RFC 9110 §7.6.3).
  flat.push('via', `${via}${request.httpVersion} tmpfleet`);
  pushForwarded(flat, request, given);
  if (rules.prefix !== undefined) flat.push('x-forwarded-prefix', rules.prefix);
  return flat;
}

/** Of a list of values, the one that the proxy nearest to the reader set. */
function firstOf(list: string): string {
  return list.split(',', 1)[0]?.trim() ?? '';
}

/** What a trusted proxy said stands, except that the chain of addresses grows by the one we see. */
function pushForwarded(flat: string[], request: IncomingMessage, given: ReadonlyMap<string, string>): void {
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const chain = given.get('x-forwarded-for');
  const proto = given.get('x-forwarded-proto') ?? (request.socket instanceof TLSSocket ? 'https' : 'http');
  const host = given.get('x-forwarded-host') ?? request.headers.host;
  const port = given.get('x-forwarded-port') ?? /:(\d+)$/.exec(host ?? '')?.[1];
  if (address !== '') flat.push('x-forwarded-for', chain === undefined ? address : `${chain}, ${address}`);
  flat.push('x-forwarded-proto', proto);
  if (host !== undefined) flat.push('x-forwarded-host', host);
  flat.push('x-forwarded-port', port ?? (proto === 'https' ? '443' : '80'));
}

/**
 * The sandbox's response headers for the reader.
 * @param raw names and values in turn, fit to be sent: `parseHead` refuses others
 */
export function responseHeaders(raw: readonly string[], status: number, rules: ResponseRules): string[] {
  const named = namedByConnection(findHeader(raw, 'connection'));
  const flat: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const { lower, isKeptFromReaders } = nameOf(name);
    if (lower === 'upgrade' && status === 426) {
      // The one response that MUST say which protocol it wants (RFC 9110 §15.5.22).
      flat.push('connection', 'upgrade, close', name, value);
      continue;
    }
    if (isKeptFromReaders || named?.has(lower) === true) continue;
    if (rules.fixed.names.has(lower) && lower !== 'vary') continue;
    if (lower === 'content-length' && (status < 200 || status === 204 || status === 205)) continue;
    if (lower === 'set-cookie') {
      const { base, prefix, learnCookie: learn } = rules;
      const bounds = { base, learn, inFrames: rules.isHttps(), isStripped: prefix !== undefined };
      const confined = confineSetCookie(value, bounds);
      if (confined !== undefined) flat.push(name, confined);
      continue;
    }
    if (lower === 'location') flat.push(name, readersLocation(value, rules.address, rules.prefix));
    else if (lower === 'content-security-policy') {
      const rest = withoutFrameAncestors(value);
      if (rest !== '') flat.push(name, rest);
    } else flat.push(name, lower === 'www-authenticate' ? withoutPrompt(value) : value);
  }
  if (status === 205) flat.push('content-length', '0');
  if (status >= 200) flat.push(...rules.fixed.flat);
  if (status >= 200) flat.push('content-security-policy', rules.framePolicy);
  // A policy beside the sandbox's own: each can only forbid more.
  if (rules.inert) flat.push('content-security-policy', 'sandbox');
  return flat;
}

/** The last value of a header, by its lower-case name. */
export function findHeader(raw: readonly string[], wanted: string): string | undefined {
  let found: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index];
    if (name?.length !== wanted.length || name.toLowerCase() !== wanted) continue;
    found = found === undefined ? raw[index + 1] : `${found}, ${raw[index + 1]}`;
  }
  return found;
}

/** Undefined for the common `keep-alive` and `close`, which name nothing. */
function namedByConnection(header: string | undefined): ReadonlySet<string> | undefined {
  if (header === undefined || header === 'keep-alive' || header === 'close') return undefined;
  const names = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  return new Set(names.filter((name) => !NEVER_NAMED.has(name)));
}
