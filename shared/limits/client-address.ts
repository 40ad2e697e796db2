// The client of a request: the one address that limits are counted by, with and without a TLS terminator in front.
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type ConfigOf, flag, inGroup, type Kind, list, option } from '../config/option.ts';

/** Ranges of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address. */
export function addressRanges(): Kind<readonly string[]> {
  const kind = list(
    'ranges',
    'IP addresses or ranges such as 192.0.2.0/24 or 2001:db8::/32, comma-separated',
    /./,
  );
  return {
    ...kind,
    schema: kind.schema.refine((ranges) => ranges.every((range) => parseRange(range) !== undefined)),
  };
}

/** Named for what the operator states: which machines in front of this program may name the client. */
export const clientAddressOptions = inGroup('Readers', {
  trustProxy: option(
    flag(),
    false,
    'trust X-Forwarded-* headers; use only behind a TLS terminator of your own, which sets them',
  ),
  trustedProxies: {
    ...option(
      addressRanges(),
      [],
      'with --trust-proxy: addresses of your TLS terminators and of proxies before them; others are not believed',
    ),
    whenUnset: 'one terminator, at any address',
  },
});
export type ClientAddressConfig = ConfigOf<typeof clientAddressOptions>;

/** Checks what no single option can. */
export function clientAddressProblems({
  trustProxy,
  trustedProxies,
}: ClientAddressConfig): readonly string[] {
  return trustProxy || trustedProxies.length === 0
    ? []
    : ['trusted-proxies: has no effect without --trust-proxy'];
}

/** The client whose address cannot be known: its connection has closed. */
export const UNKNOWN_CLIENT = 'unknown';

/** What of a request tells its client. */
export interface ClientRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * Returns a function that names the client of a request: an IPv4 address, or the /64 of an IPv6 address, such as
 * `203.0.113.9` or `2001:db8:0:1::/64`. IPv4-mapped IPv6 is IPv4.
 *
 * Behind a trusted proxy it is the right-most entry of `X-Forwarded-For`, which that proxy set; the entries to its left
 * came with the request, and a client can write there what it likes. Entries that are trusted proxies themselves (a
 * content delivery network before the terminator) are skipped from the right.
 */
export function createClientAddress({
  trustProxy,
  trustedProxies,
}: ClientAddressConfig): (request: ClientRequest) => string {
  if (!trustProxy) return ({ socket }) => clientOf(socket.remoteAddress ?? '');
  const proxies = new AddressSet(trustedProxies);
  return ({ headers, socket }) => {
    const peer = plainAddress(socket.remoteAddress ?? '');
    const chain = headers['x-forwarded-for'];
    const isBelieved = trustedProxies.length === 0 || isLoopbackAddress(peer) || proxies.has(peer);
    if (chain === undefined || !isBelieved) return clientOf(peer);
    return clientOf(forwardedAddress(String(chain), proxies) ?? peer);
  };
}

/** The right-most entry that is not one of `proxies`; where all are, the left-most. Undefined without a valid one. */
function forwardedAddress(chain: string, proxies: AddressSet): string | undefined {
  let end = chain.length;
  let found: string | undefined;
  while (end >= 0) {
    const comma = chain.lastIndexOf(',', end - 1);
    const entry = withoutPort(chain.slice(comma + 1, end).trim());
    // What stands to the left of an invalid entry was not written by a proxy of ours.
    if (isIP(entry) === 0) return found;
    found = plainAddress(entry);
    if (comma < 0 || !proxies.has(found)) return found;
    end = comma;
  }
  return found;
}

/** Some proxies append the port: `192.0.2.1:4711`, `[2001:db8::1]:4711` (RFC 7239 §6). */
function withoutPort(entry: string): string {
  if (entry.startsWith('[')) return entry.slice(1, Math.max(1, entry.indexOf(']')));
  const colon = entry.indexOf(':');
  return colon > 0 && colon === entry.lastIndexOf(':') ? entry.slice(0, colon) : entry;
}

/** The client that an address belongs to; `UNKNOWN_CLIENT` where it is not an address. */
export function clientOf(address: string): string {
  const plain = plainAddress(address);
  if (isIPv4(plain)) return plain;
  if (isIP(plain) !== 6) return UNKNOWN_CLIENT;
  // A provider gives each customer a /64 at least (RFC 6177), so a client has 2^64 addresses to choose from.
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv6.parse(plain).parts;
  return `${new ipaddr.IPv6([a, b, c, d, 0, 0, 0, 0]).toString()}/64`;
}

/** Without a zone (`%eth0`); IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) as IPv4. */
function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const zone = address.indexOf('%');
  const bare = zone < 0 ? address : address.slice(0, zone);
  if (bare.startsWith('::ffff:') && isIPv4(bare.slice(7))) return bare.slice(7);
  if (isIP(bare) !== 6) return bare;
  const parsed = ipaddr.IPv6.parse(bare);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : bare;
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** A set of addresses and ranges, for exemptions and trusted proxies. */
export class AddressSet {
  /** One for each family: a BlockList takes IPv4 for IPv4-mapped IPv6, so `::/64` would hold all of IPv4. */
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  readonly #isEmpty: boolean;

  /**
   * @param ranges as `addressRanges` accepts them
   * @param longestIPv6 prefix to which longer IPv6 ranges are widened: 64 where whole clients are looked up
   */
  constructor(ranges: readonly string[], longestIPv6 = 128) {
    this.#isEmpty = ranges.length === 0;
    for (const text of ranges) {
      const range = parseRange(text);
      if (range === undefined) throw new TypeError(`not a range of addresses: ${text}`);
      const { net, prefix, family } = range;
      this.#lists[family].addSubnet(net, family === 'ipv4' ? prefix : Math.min(prefix, longestIPv6), family);
    }
  }

  /** Whether it holds this address, or all of a client as `clientOf` names it. */
  has(client: string): boolean {
    if (this.#isEmpty) return false;
    const slash = client.indexOf('/');
    const address = slash < 0 ? client : client.slice(0, slash);
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    return this.#lists[family].check(address, family);
  }
}

interface Range {
  readonly net: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseRange(text: string): Range | undefined {
  const [net = '', length, more] = text.split('/');
  const version = isIP(net);
  if (version === 0 || net.includes('%') || more !== undefined) return undefined;
  const longest = version === 4 ? 32 : 128;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = length === undefined ? longest : Number(length);
  return prefix > longest ? undefined : { net, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
