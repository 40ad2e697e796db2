// The ticket. With it a redirector tells a node "I counted this reader", and a node tells the front "I could not serve
// this reader". It is compact, signed with a key that the fronts share with that one node, and carried in the URL as
// `ticket=`. A request with an invalid ticket counts as one without a ticket; it is not an error.
//
//   4~<redirector>~<boot>~<node>~<epoch>~<group>~<expires>~<hops>[p][r][c][~<seal>~<tried>…]~<slot><tag>
//
// Names as they are, for none holds a tilde; numbers in base 36. `p` says that the reader has clicked, `r` that they return, `c` that they are a canary. HMAC-SHA-512
// (RFC 2104) of everything before the last tilde is cut into four tags of 120 bits, in base64url, and `slot` says which of them signs this ticket. So one MAC signs
// the four tickets of a group, which differ in nothing else; the nonce is group and slot together. HMAC is a pseudorandom
// function (Bellare, "New Proofs for NMAC and HMAC", CRYPTO 2006), so one tag tells nothing about another. Every character
// may stand in a URL as it is (RFC 3986 §2.3). The seal is a front's word for the list of tried nodes (`FleetKeys.seal`): a
// node copies it into its bounce, and adds only itself to the list.
import { createHash, createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { newNonce } from '../clock.ts';

/** The content of a ticket. Times in ms since 1970 on the clock of the redirector that made it. */
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
  /** How often the reader was bounced. In a ticket with 0 nothing counts as tried. */
  readonly hops: number;
  /**
   * The reader has clicked: they pressed the launch page's button, or a node bounced them. The node claims at once, also
   * where the request itself is not a click, such as a redirect in a frame of another site.
   */
  readonly pressed?: boolean;
  /**
   * From a front: the reader may have a sandbox at this node, which claims no other for them. From a node: the reader has
   * none here, so the front places them as it places a new one.
   */
  readonly returning?: boolean;
  /** No reader, but a front that tries the way of one: it gets only what is to spare, and is counted nowhere. */
  readonly canary?: boolean;
  /** Of a front, over the nodes that were tried before the ticket's own; absent in a first ticket, and in its bounce. */
  readonly seal?: string | undefined;
}

/** A reader who was bounced this many times is refused instead of being sent on. */
export const MAX_HOPS = 3;

/** Longer than any real ticket (128 bytes of names, three tried nodes); a longer one is not decoded. */
export const MAX_TICKET_LENGTH = 768;

/** Written in seconds, rounded up. */
const EXPIRES_UNIT_MS = 1_000;

/** 15 bytes in base64url, all of whose bits count. */
const TAG_LENGTH = 20;
/** Tags in a MAC. */
const SLOTS = 4;
const SLOT_DIGITS = '0123';
const VERSION = '4';
/** In place of a seal. */
const NO_SEAL = '-';

const name = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const whole = z
  .string()
  .regex(/^[0-9a-z]{1,10}$/)
  .transform((text) => Number.parseInt(text, 36));
const hopsSchema = z
  .string()
  .regex(/^[0-8]p?r?c?$/)
  .transform((text) => ({
    hops: Number(text[0]),
    ...(text.includes('p') ? { pressed: true } : {}),
    ...(text.includes('r') ? { returning: true } : {}),
    ...(text.includes('c') ? { canary: true } : {}),
  }));
const partsSchema = z
  .tuple([z.literal(VERSION), name, name, name, whole, name, whole, hopsSchema])
  .rest(name);
/** Version, redirector, boot, node, epoch, group, expires, hops. */
const FIXED_PARTS = 8;
const MAX_TRIED = 8;
/** Of the node's name among the parts. */
const NODE_PART = 3;
/** Of the group's name. */
const GROUP_PART = 5;

/** The key of a redirector's boot in `seen`. */
export function redirectorKey(ticket: Pick<Ticket, 'redirector' | 'boot'>): string {
  return `${ticket.redirector}/${ticket.boot}`;
}

/** @param keys of the node's tickets: the first signs, the others only verify while secrets rotate */
export function signTicket(ticket: Ticket, keys: readonly KeyObject[]): string {
  const [group, slot] = splitNonce(ticket.nonce);
  const payload = payloadOf(ticket, group);
  return withTag(payload, macOf(payload, signingKey(keys)), slot);
}

/**
 * Tickets for several readers that differ only in their nonces: signed together, given out one by one. A MAC that is
 * computed between two readers costs several times as much as the next one in a row: with a MAC for each ticket, a
 * redirect on a kept connection takes a quarter more CPU (bench/results/redirect-tickets.md).
 */
export class TicketSheet {
  /** Of its tickets, ms since 1970. */
  readonly expires: number;
  /** Number of MACs; each signs four tickets. */
  readonly size: number;
  readonly #payloads: readonly string[];
  readonly #macs: readonly string[];
  #next = 0;

  /** @param keys of the node's tickets; the first signs */
  constructor(ticket: Omit<Ticket, 'nonce'>, keys: readonly KeyObject[], size = 1) {
    const key = signingKey(keys);
    this.expires = ticket.expires;
    this.size = size;
    this.#payloads = Array.from({ length: size }, () => payloadOf(ticket, newNonce()));
    this.#macs = this.#payloads.map((payload) => macOf(payload, key));
  }

  /** Undefined when all are given out. */
  next(): string | undefined {
    const slot = this.#next % SLOTS;
    const index = (this.#next - slot) / SLOTS;
    const payload = this.#payloads[index];
    const mac = this.#macs[index];
    if (payload === undefined || mac === undefined) return undefined;
    this.#next += 1;
    return withTag(payload, mac, slot);
  }
}

function signingKey([first]: readonly KeyObject[]): KeyObject {
  if (first === undefined) throw new TypeError('a ticket needs a key');
  return first;
}

function payloadOf(ticket: Omit<Ticket, 'nonce'>, group: string): string {
  const { redirector, boot, node, tried, seal = NO_SEAL, hops } = ticket;
  const { pressed = false, returning = false, canary = false } = ticket;
  const epoch = ticket.epoch.toString(36);
  const expires = Math.ceil(ticket.expires / EXPIRES_UNIT_MS).toString(36);
  let payload = `${VERSION}~${redirector}~${boot}~${node}~${epoch}~${group}~${expires}~${hops}${pressed ? 'p' : ''}${returning ? 'r' : ''}${canary ? 'c' : ''}`;
  if (hops > 0) payload += `~${seal}`;
  if (hops > 0) for (const name of tried) payload += `~${name}`;
  return payload;
}

/** The first ticket of a group has the group's name as its nonce; the others append their slot. */
function splitNonce(nonce: string): readonly [group: string, slot: number] {
  const slot = /\.([1-3])$/.exec(nonce)?.[1];
  return slot === undefined ? [nonce, 0] : [nonce.slice(0, -2), Number(slot)];
}

/** The MAC of an ASCII text, 64 bytes in base64url. */
function macOf(payload: string, key: KeyObject): string {
  return createHmac('sha512', key).update(payload).digest('base64url');
}

function tagOf(mac: string, slot: number): string {
  return mac.slice(slot * TAG_LENGTH, (slot + 1) * TAG_LENGTH);
}

function withTag(payload: string, mac: string, slot: number): string {
  return `${payload}~${slot}${tagOf(mac, slot)}`;
}

/** The name of the node whose key should have signed the ticket; unverified. */
export function nodeOfTicket(text: string): string | undefined {
  return text.length > MAX_TICKET_LENGTH ? undefined : text.split('~', NODE_PART + 1)[NODE_PART];
}

/** Characters of a click's name in logs: among a million clicks, hardly two have the same. */
const CLICK_LENGTH = 12;

/**
 * What a click is called in the logs of front and node, and in a node's list of sandboxes: the same from the first redirect,
 * over bounces and the line, to the sandbox. A hash, because the nonce of a reader who stood in line is their place.
 */
export function clickOf(nonce: string): string {
  return clickDigest(nonce).slice(0, CLICK_LENGTH);
}

/** 64 hexadecimal digits that show nothing of the nonce: the click's name is their begin, and so is that of its trace. */
export function clickDigest(nonce: string): string {
  return createHash('sha256').update(nonce).digest('hex');
}

/** The click of a ticket of our own; unverified. */
export function clickOfTicket(text: string): string {
  return clickOf(nonceOfTicket(text));
}

/** The nonce of a ticket of our own; unverified. */
export function nonceOfTicket(text: string): string {
  const slot = text.charAt(text.lastIndexOf('~') + 1);
  const group = text.split('~', GROUP_PART + 1)[GROUP_PART] ?? '';
  return slot === '0' ? group : `${group}.${slot}`;
}

/**
 * The ticket, if one of the keys signed it and it has not expired; else undefined.
 * @param keys of the tickets of the node that it names
 * @param now ms since 1970
 */
export function verifyTicket(text: string, keys: readonly KeyObject[], now: number): Ticket | undefined {
  if (text.length > MAX_TICKET_LENGTH) return undefined;
  const end = text.lastIndexOf('~');
  if (end < 1) return undefined;
  const payload = text.slice(0, end);
  const slot = SLOT_DIGITS.indexOf(text.charAt(end + 1));
  const given = Buffer.from(text.slice(end + 2), 'latin1');
  if (slot < 0 || given.length !== TAG_LENGTH) return undefined;
  // Every key is tried, so that the time taken does not reveal which one matched.
  let genuine = false;
  for (const key of keys) {
    const tag = Buffer.from(tagOf(macOf(payload, key), slot), 'latin1');
    genuine = timingSafeEqual(given, tag) || genuine;
  }
  if (!genuine) return undefined;
  const parts = payload.split('~');
  const parsed = parts.length > FIXED_PARTS + 1 + MAX_TRIED ? undefined : partsSchema.safeParse(parts);
  if (!parsed?.success) return undefined;
  const [, redirector, boot, node, epoch, group, seconds, clicks, ...journey] = parsed.data;
  const [seal, ...tried] = journey;
  const expires = seconds * EXPIRES_UNIT_MS;
  if (expires < now) return undefined;
  const nonce = slot === 0 ? group : `${group}.${slot}`;
  return {
    ...{ redirector, boot, node, epoch, nonce, expires, tried, ...clicks },
    seal: seal === NO_SEAL ? undefined : seal,
  };
}

/** Matches any version: during an update a front may sign a version that its nodes do not know, and readers should not see it. */
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
    // Some programs encode a tilde needlessly.
    const text = part.includes('%7') ? part.replaceAll(/%7e/gi, '~') : part;
    if (SHAPE.test(text)) {
      parts.splice(index, 1);
      return { query: parts.join('&'), ticket: text.slice('ticket='.length) };
    }
  }
  return { query: rawQuery, ticket: undefined };
}

/** The suffix that adds a ticket to an address. @param rawQuery the query of the address, without `?` */
export function ticketBehind(rawQuery: string, ticket: string): string {
  return `${rawQuery === '' ? '?' : '&'}ticket=${ticket}`;
}
