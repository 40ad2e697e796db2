// The ticket: how a redirector tells a node "this reader is the one I counted", and a node tells the front
// "I could not serve them". Compact, signed with the fleet's shared secret, carried in the URL as `ticket=`. A bad one is
// a reader without a ticket, never an error.
//
//   3~<redirector>~<boot>~<node>~<epoch>~<group>~<expires>~<hops>[~<tried>…]~<slot><tag>
//
// Names as they are, for none holds a tilde; numbers in base 36. HMAC-SHA-512 (RFC 2104) of all before the last tilde is
// cut into four tags of 120 bits, in base64url, and `slot` says which of them signs this ticket. So one MAC signs the
// four tickets of a group, which differ in nothing else; nonce is group and slot together. HMAC is a pseudorandom
// function (Bellare, "New Proofs for NMAC and HMAC", CRYPTO 2006), so that one tag tells nothing of another.
// Every character of it may stand in a URL as it is (RFC 3986 §2.3).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { newNonce } from '../clock.ts';
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

const TAG_BYTES = 15;
/** 15 bytes in base64url, all of whose bits count. */
const TAG_LENGTH = 20;
/** Tags in a MAC. */
const SLOTS = 4;
const SLOT_DIGITS = '0123';
const VERSION = '3';

const name = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const whole = z
  .string()
  .regex(/^[0-9a-z]{1,10}$/)
  .transform((text) => Number.parseInt(text, 36));
const partsSchema = z
  .tuple([z.literal(VERSION), name, name, name, whole, name, whole, whole.pipe(z.number().max(8))])
  .rest(name);
/** Version, redirector, boot, node, epoch, group, expires, hops. */
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
  const [group, slot] = splitNonce(ticket.nonce);
  const payload = payloadOf(ticket, group);
  return `${payload}~${tagged(macOf(secrets)(payload), slot)}`;
}

/**
 * Tickets that are alike but for their nonce, for as many readers: signed together, given out one by one. Between two
 * readers a processor has forgotten how to hash: the first MAC of a sheet was measured at some 28 µs of a redirect on a
 * new connection, each further one at 2 to 3.
 */
export class TicketSheet {
  readonly epoch: number;
  /** How many MACs it has, each of which signs four. */
  readonly size: number;
  readonly #payloads: readonly string[];
  readonly #macs: readonly string[];
  #next = 0;

  /** @param secrets the first signs */
  constructor(ticket: Omit<Ticket, 'nonce'>, secrets: readonly string[], size = 1) {
    this.epoch = ticket.epoch;
    this.size = size;
    this.#payloads = Array.from({ length: size }, () => payloadOf(ticket, newGroup()));
    this.#macs = this.#payloads.map(macOf(secrets));
  }

  /** Undefined when all are given out. */
  next(): string | undefined {
    const slot = this.#next % SLOTS;
    const index = (this.#next - slot) / SLOTS;
    const payload = this.#payloads[index];
    const mac = this.#macs[index];
    if (payload === undefined || mac === undefined) return undefined;
    this.#next += 1;
    return `${payload}~${tagged(mac, slot)}`;
  }
}

/** 72 bits, which tell apart the groups of the minute that a ticket is remembered. */
function newGroup(): string {
  // So short a text is a copy; a longer one would keep the whole pool alive that nonces are cut from.
  return newNonce().slice(0, 12);
}

function payloadOf(ticket: Omit<Ticket, 'nonce'>, group: string): string {
  const { redirector, boot, node, tried, hops } = ticket;
  const epoch = epochText(ticket.epoch);
  const expires = expiresText(Math.ceil(ticket.expires / EXPIRES_UNIT_MS));
  let payload = `${VERSION}~${redirector}~${boot}~${node}~${epoch}~${group}~${expires}~${hops}`;
  for (const name of tried) payload += `~${name}`;
  return payload;
}

/** A group's first ticket has its name for a nonce, the others have their slot behind it. */
function splitNonce(nonce: string): readonly [group: string, slot: number] {
  const slot = /\.([1-3])$/.exec(nonce)?.[1];
  return slot === undefined ? [nonce, 0] : [nonce.slice(0, -2), Number(slot)];
}

function tagged(mac: string, slot: number): string {
  return `${slot}${mac.slice(slot * TAG_LENGTH, (slot + 1) * TAG_LENGTH)}`;
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
  const slot = SLOT_DIGITS.indexOf(text.charAt(end + 1));
  const tag = text.slice(end + 2);
  if (slot < 0 || tag.length !== TAG_LENGTH) return undefined;
  const given = Buffer.from(tag, 'base64url');
  if (given.length !== TAG_BYTES) return undefined;
  // Every secret is tried, so that the time taken does not tell which one fitted.
  let genuine = false;
  for (const secret of secrets) genuine = timingSafeEqual(given, tagBytes(payload, secret, slot)) || genuine;
  if (!genuine) return undefined;
  const parts = payload.split('~');
  const parsed = parts.length > FIXED_PARTS + MAX_TRIED ? undefined : partsSchema.safeParse(parts);
  if (!parsed?.success) return undefined;
  const [, redirector, boot, node, epoch, group, seconds, hops, ...tried] = parsed.data;
  const expires = seconds * EXPIRES_UNIT_MS;
  if (expires < now) return undefined;
  const nonce = slot === 0 ? group : `${group}.${slot}`;
  return { redirector, boot, node, epoch, nonce, expires, tried, hops };
}

/** Of any version: while a fleet is updated, a front may sign what its nodes do not know yet, and readers should not see it. */
const SHAPE = /^ticket=[1-9]~[A-Za-z0-9._~-]*$/;

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

/** What goes behind an address to bring a ticket along. @param rawQuery what the address has of a query, without `?` */
export function ticketBehind(rawQuery: string, ticket: string): string {
  return `${rawQuery === '' ? '?' : '&'}ticket=${ticket}`;
}

function tagBytes(payload: string, secret: string, slot: number): Buffer {
  const mac = createHmac('sha512', secret).update(payload).digest();
  return mac.subarray(slot * TAG_BYTES, (slot + 1) * TAG_BYTES);
}
