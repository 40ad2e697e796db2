// The ticket: how a redirector tells a node "this reader is the one I counted", and a node tells the front
// "I could not serve them". Compact, signed with the fleet's shared secret (HMAC-SHA-256, RFC 2104, cut to
// 128 bits), carried in the URL as `ticket=`. A bad one is a reader without a ticket, never an error.
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

const MAC_BYTES = 16;
/** 16 bytes in base64url; of its last character, decoding drops the bits that are beyond them. */
const MAC_LENGTH = 22;
const VERSION = 1;

const payloadSchema = z.tuple([
  z.literal(VERSION),
  z.string().min(1).max(64),
  z.string().min(1).max(64),
  z.string().min(1).max(63),
  z.number().int().nonnegative(),
  z.string().min(8).max(32),
  z.number().int().nonnegative(),
  z.array(z.string().min(1).max(63)).max(8),
  z.number().int().min(0).max(8),
]);

/** `seen` is kept per redirector and boot, under this name. */
export function redirectorKey(ticket: Pick<Ticket, 'redirector' | 'boot'>): string {
  return `${ticket.redirector}/${ticket.boot}`;
}

/** What a list of secrets signs with, kept with the list: a redirector signs every redirect with the same one. */
const macs = new WeakMap<readonly string[], Mac>();

/** Signs with the first secret; the others are only for verifying while secrets rotate. */
export function signTicket(ticket: Ticket, secrets: readonly string[]): string {
  const { redirector, boot, node, epoch, nonce, expires, tried, hops } = ticket;
  const text = JSON.stringify([VERSION, redirector, boot, node, epoch, nonce, expires, tried, hops]);
  const payload = Buffer.from(text).toString('base64url');
  return `${payload}.${macOf(secrets)(payload).slice(0, MAC_LENGTH)}`;
}

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
  const dot = text.indexOf('.');
  if (dot < 1) return undefined;
  const payload = text.slice(0, dot);
  const given = Buffer.from(text.slice(dot + 1), 'base64url');
  if (given.length !== MAC_BYTES) return undefined;
  // Every secret is tried, so that the time taken does not tell which one fitted.
  let genuine = false;
  for (const secret of secrets) genuine = timingSafeEqual(given, mac(payload, secret)) || genuine;
  if (!genuine) return undefined;
  const parsed = payloadSchema.safeParse(decode(payload));
  if (!parsed.success) return undefined;
  const [, redirector, boot, node, epoch, nonce, expires, tried, hops] = parsed.data;
  if (expires < now) return undefined;
  return { redirector, boot, node, epoch, nonce, expires, tried, hops };
}

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
    if (/^ticket=[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(part)) {
      parts.splice(index, 1);
      return { query: parts.join('&'), ticket: part.slice('ticket='.length) };
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

function decode(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
