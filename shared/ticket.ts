// The ticket: how a redirector tells a node "this reader is the one I counted", and a node tells the front
// "I could not serve them". Compact, signed with the fleet's shared secret (HMAC-SHA-256, RFC 2104, cut to
// 128 bits), carried in the URL as `ticket=`. A bad one is a reader without a ticket, never an error.
//
//   2~<redirector>~<boot>~<node>~<epoch>~<nonce>~<expires>~<hops>[~<tried>…]~<signature>
//
// Names as they are, for none holds a tilde; numbers in base 36; the signature in base64url, of all before its tilde.
// Every character of it may stand in a URL as it is (RFC 3986 §2.3), and there are few: a redirect that is 100
// characters longer costs node:http an eighth more, which was more than signing it.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { createMac, type Mac } from './mac.ts';

/** Everything a ticket says. Times in ms since 1970 on the clock of the redirector that made it. */
export interface Ticket {
  readonly redirector: string;
  readonly boot: string;
  /** The node the reader was sent to. */
  readonly node: string;
  /** The second in which it was issued, on the redirector's own clock. */
  readonly epoch: number;
  readonly nonce: string;
  readonly expires: number;
  /** Nodes that could not serve this reader, oldest first. */
  readonly tried: readonly string[];
  readonly hops: number;
}

/** Longer than any real ticket (128 bytes of names, three tried nodes); a longer one is not even decoded. */
export const MAX_TICKET_LENGTH = 768;

/** Written in seconds, rounded up. */
const EXPIRES_UNIT_MS = 1_000;

const MAC_BYTES = 16;
/** 16 bytes in base64url; of its last character, decoding drops the bits that are beyond them. */
const MAC_LENGTH = 22;
const VERSION = '2';

const name = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const whole = z
  .string()
  .regex(/^[0-9a-z]{1,10}$/)
  .transform((text) => Number.parseInt(text, 36));
const partsSchema = z
  .tuple([z.literal(VERSION), name, name, name, whole, name, whole, whole.pipe(z.number().max(8))])
  .rest(name);
/** Version, redirector, boot, node, epoch, nonce, expires, hops. */
const FIXED_PARTS = 8;
const MAX_TRIED = 8;

/** `seen` is kept per redirector and boot, under this name. */
export function redirectorKey(ticket: Pick<Ticket, 'redirector' | 'boot'>): string {
  return `${ticket.redirector}/${ticket.boot}`;
}

/** What a list of secrets signs with, kept with the list: a redirector signs every redirect with the same one. */
const macs = new WeakMap<readonly string[], Mac>();

/** Signs with the first secret; the others are only for verifying while secrets rotate. */
export function signTicket(ticket: Ticket, secrets: readonly string[]): string {
  const { redirector, boot, node, nonce, tried, hops } = ticket;
  const epoch = epochText(ticket.epoch);
  const expires = expiresText(Math.ceil(ticket.expires / EXPIRES_UNIT_MS));
  let payload = `${VERSION}~${redirector}~${boot}~${node}~${epoch}~${nonce}~${expires}~${hops}`;
  for (const name of tried) payload += `~${name}`;
  return `${payload}~${macOf(secrets)(payload).slice(0, MAC_LENGTH)}`;
}

/** A number in base 36. All tickets of a second bear the same two, and writing one out costs a tenth of signing it. */
function inBase36(): (number: number) => string {
  let last = -1;
  let text = '';
  return (number) => {
    if (number !== last) {
      last = number;
      text = number.toString(36);
    }
    return text;
  };
}
const epochText = inBase36();
const expiresText = inBase36();

function macOf(secrets: readonly string[]): Mac {
  const known = macs.get(secrets);
  if (known !== undefined) return known;
  const secret = secrets[0];
  if (secret === undefined) throw new TypeError('signTicket needs a secret');
  const made = createMac(secret);
  macs.set(secrets, made);
  return made;
}

/** The ticket, if one of the secrets signed it and it has not expired at `now` (ms since 1970); else undefined. */
export function verifyTicket(text: string, secrets: readonly string[], now: number): Ticket | undefined {
  if (text.length > MAX_TICKET_LENGTH) return undefined;
  const end = text.lastIndexOf('~');
  if (end < 1) return undefined;
  const payload = text.slice(0, end);
  const given = Buffer.from(text.slice(end + 1), 'base64url');
  if (given.length !== MAC_BYTES) return undefined;
  // Every secret is tried, so that the time taken does not tell which one fitted.
  let genuine = false;
  for (const secret of secrets) genuine = timingSafeEqual(given, mac(payload, secret)) || genuine;
  if (!genuine) return undefined;
  const parts = payload.split('~');
  const parsed = parts.length > FIXED_PARTS + MAX_TRIED ? undefined : partsSchema.safeParse(parts);
  if (!parsed?.success) return undefined;
  const [, redirector, boot, node, epoch, nonce, seconds, hops, ...tried] = parsed.data;
  const expires = seconds * EXPIRES_UNIT_MS;
  if (expires < now) return undefined;
  return { redirector, boot, node, epoch, nonce, expires, tried, hops };
}

const SHAPE = new RegExp(`^ticket=${VERSION}~[A-Za-z0-9._~-]*$`);

/**
 * Splits our ticket off a raw query (without `?`), leaving the reader's own bytes as they were.
 * Only the last `ticket=` that has a ticket's shape is ours: the front appends it.
 */
export function splitTicket(rawQuery: string): {
  readonly query: string;
  readonly ticket: string | undefined;
} {
  if (!rawQuery.includes('ticket=')) return { query: rawQuery, ticket: undefined };
  const parts = rawQuery.split('&');
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    const part = parts[index] ?? '';
    // Some programs encode a tilde where they need not.
    const text = part.includes('%7') ? part.replaceAll(/%7e/gi, '~') : part;
    if (SHAPE.test(text)) {
      parts.splice(index, 1);
      return { query: parts.join('&'), ticket: text.slice('ticket='.length) };
    }
  }
  return { query: rawQuery, ticket: undefined };
}

/** Appends `ticket` to a raw query (without `?`). */
export function appendTicket(rawQuery: string, ticket: string): string {
  return rawQuery === '' ? `ticket=${ticket}` : `${rawQuery}&ticket=${ticket}`;
}

function mac(payload: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(payload).digest().subarray(0, MAC_BYTES);
}
