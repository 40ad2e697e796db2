// The head of a sandbox's response, read strictly (RFC 9112 §4, §5, §6.3): what two programs could read differently is refused.
import { malformed } from './errors.ts';

/** How the end of a body is found. `none`: the message ends with its head. */
export type Framing = 'none' | 'length' | 'chunks' | 'closing';

export interface ResponseHead {
  readonly status: number;
  /** Empty where there is none. */
  readonly reason: string;
  /** Names and values in turn, as they came: one latin1 character a byte. */
  readonly rawHeaders: readonly string[];
}

export interface FramedHead extends ResponseHead {
  readonly framing: Framing;
  /** Of the body, bytes; 0 unless `framing` is `length`. */
  readonly length: number;
  /** Whether the sandbox keeps the connection when the message has ended. */
  readonly keepsAlive: boolean;
  /** For how long it says that it does so, seconds. */
  readonly keepAliveSeconds: number;
}

/** 2.0 is what some servers write over HTTP/1.1. */
const STATUS_LINE = /^HTTP\/(1\.0|1\.1|2\.0) (\d{3})(?: (.*))?$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Neither control characters nor a line break that is not `\r\n`. */
const ILLEGAL = /[^\t\x20-\x7e\x80-\xff]/;
const DIGITS = /^\d{1,15}$/;

/**
 * @param text without the empty line at its end
 * @param method of the request
 * @throws UpstreamError `UPSTREAM_MALFORMED`
 */
export function parseHead(text: string, method: string): FramedHead {
  let at = text.indexOf('\r\n');
  const line = at < 0 ? text : text.slice(0, at);
  const [, version, digits, reason = ''] = STATUS_LINE.exec(line) ?? [];
  if (version === undefined || ILLEGAL.test(line)) throw malformed('no valid status line');
  const status = Number(digits);
  const rawHeaders: string[] = [];
  let length: number | undefined;
  let coding = '';
  let connection = '';
  let keepAlive = '';
  while (at >= 0) {
    const begin = at + 2;
    at = text.indexOf('\r\n', begin);
    const end = at < 0 ? text.length : at;
    const colon = text.indexOf(':', begin);
    const name = text.slice(begin, colon < 0 ? end : colon);
    // A line that goes on with the header before it begins with a space (obs-fold), which is no name either.
    if (colon < 0 || colon > end || !TOKEN.test(name)) throw malformed('a malformed header');
    const value = trim(text, colon + 1, end);
    if (ILLEGAL.test(value)) throw malformed('a header with a control character');
    rawHeaders.push(name, value);
    switch (name.length) {
      case 10:
        if (isName(name, 'connection')) connection += `${value.toLowerCase()},`;
        else if (isName(name, 'keep-alive')) keepAlive = value;
        break;
      case 14:
        if (!isName(name, 'content-length')) break;
        // Also two that are the same: who joins them to a list and who takes the last one do not agree.
        if (length !== undefined || !DIGITS.test(value)) throw malformed('no valid length');
        length = Number(value);
        break;
      case 17:
        if (isName(name, 'transfer-encoding')) coding += `${value.toLowerCase()},`;
    }
  }
  if (coding !== '' && length !== undefined) throw malformed('both a length and a transfer coding');
  const framing = framingOf(method, status, coding, length);
  return {
    status,
    reason,
    rawHeaders,
    framing,
    length: framing === 'length' ? (length ?? 0) : 0,
    keepsAlive: framing !== 'closing' && persists(version, connection, coding),
    keepAliveSeconds: secondsOf(keepAlive),
  };
}

function isName(name: string, wanted: string): boolean {
  return name === wanted || name.toLowerCase() === wanted;
}

/** Without the spaces and tabs at both ends; `String.trim` would take more than those. */
function trim(text: string, from: number, to: number): string {
  let [begin, end] = [from, to];
  while (begin < end && isSpace(text.charCodeAt(begin))) begin += 1;
  while (end > begin && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(begin, end);
}

function isSpace(character: number): boolean {
  return character === 0x20 || character === 0x09;
}

/** By the order of RFC 9112 §6.3. @param coding all transfer codings in lower case, each with a comma behind it */
function framingOf(method: string, status: number, coding: string, length: number | undefined): Framing {
  const codings = coding === '' ? [] : listOf(coding);
  const chunked = codings.filter((each) => each === 'chunked').length;
  if (chunked > 1 || (chunked === 1 && codings.at(-1) !== 'chunked'))
    throw malformed('chunks within a coding');
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none';
  if (chunked === 1) return 'chunks';
  if (codings.length > 0 || length === undefined) return 'closing';
  return length === 0 ? 'none' : 'length';
}

function persists(version: string, connection: string, coding: string): boolean {
  // In HTTP/1.0 a coding means that the framing is faulty (RFC 9112 §6.1).
  if (version === '1.0') return coding === '' && listOf(connection).includes('keep-alive');
  return connection === '' || !listOf(connection).includes('close');
}

function secondsOf(keepAlive: string): number {
  if (keepAlive === '') return Number.POSITIVE_INFINITY;
  const [, seconds] = /(?:^|[\s,])timeout=(\d{1,9})/i.exec(keepAlive) ?? [];
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds);
}

function listOf(list: string): string[] {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
