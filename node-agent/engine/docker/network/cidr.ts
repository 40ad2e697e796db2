// Ranges of IPv4 addresses, in the spelling in which iptables lists them.
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** `10.1.2.3/8` → `10.0.0.0/8`, `1.2.3.4` → `1.2.3.4/32`; undefined for what is no range. */
export function normalizeCidr(text: string): string | undefined {
  const [address = '', prefix = '32', more] = text.split('/');
  const cidr = `${address}/${prefix}`;
  // Stricter than the library, which also takes the short, octal and hexadecimal spellings of addresses.
  if (more !== undefined || !isIPv4(address) || !ipaddr.IPv4.isValidCIDR(cidr)) return undefined;
  return `${ipaddr.IPv4.networkAddressFromCIDR(cidr)}/${Number(prefix)}`;
}

/** @param range as `normalizeCidr` gives it */
export function isWithin(address: string, range: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(range));
}
