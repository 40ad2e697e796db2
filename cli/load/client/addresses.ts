// Addresses of a run: which readers come from where, and which targets are this machine.
import ipaddr from 'ipaddr.js';
import { FleetError } from '../../../shared/errors.ts';

/** More would not be told apart from the first ones by any limit. */
const MOST_ADDRESSES = 65_536;

/**
 * Whether a target is this machine, whatever its name resolves to.
 * @param host as `URL.hostname` gives it
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true;
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback';
}

/**
 * `127.1.0.0/16`, an address, or several of these: the source address of each reader, in turn.
 * @throws FleetError `bad-config` for what is no address or range
 */
export function sourceAddresses(ranges: readonly string[]): (reader: number) => string | undefined {
  const spans = ranges.map(spanOf);
  const total = spans.reduce((sum, { count }) => sum + count, 0);
  return (reader) => {
    let index = total === 0 ? 0 : reader % total;
    for (const { at, count } of spans) {
      if (index < count) return at(index);
      index -= count;
    }
    return undefined;
  };
}

interface Span {
  readonly count: number;
  readonly at: (index: number) => string;
}

function spanOf(range: string): Span {
  if (ipaddr.isValid(range)) return { count: 1, at: () => range };
  if (!ipaddr.isValidCIDR(range)) {
    throw new FleetError('bad-config', `--from: invalid value ${JSON.stringify(range)}`, {
      remedy: 'expected an address or a range of this host, such as 127.1.0.0/16',
    });
  }
  const [address, prefix] = ipaddr.parseCIDR(range);
  const base = (address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(range);
  const bytes = base.toByteArray();
  const free = 8 * bytes.length - prefix;
  const whole = free >= 16 ? MOST_ADDRESSES : 2 ** free;
  // The first and last address of a network of IPv4 are no hosts'.
  const skips = base.kind() === 'ipv4' && free >= 2;
  return {
    count: skips ? Math.min(whole, 2 ** free - 2) : whole,
    at: (index) => plus(bytes, index + (skips ? 1 : 0)),
  };
}

function plus(bytes: readonly number[], addend: number): string {
  const sum = [...bytes];
  let carry = addend;
  for (let place = sum.length - 1; place >= 0 && carry > 0; place -= 1) {
    carry += sum[place] ?? 0;
    sum[place] = carry & 0xff;
    carry = Math.floor(carry / 256);
  }
  return ipaddr.fromByteArray(sum).toString();
}
