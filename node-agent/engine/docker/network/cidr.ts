// IPv4 ranges, written as iptables lists them.
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** `10.1.2.3/8` → `10.0.0.0/8`, `1.2.3.4` → `1.2.3.4/32`; undefined when the text is not a range. */
export function normalizeCidr(text: string): string | undefined {
  const [address = '', prefix = '32', more] = text.split('/');
  const cidr = `${address}/${prefix}`;
  // Stricter than the library, which also accepts short, octal and hexadecimal forms of addresses.
  if (more !== undefined || !isIPv4(address) || !ipaddr.IPv4.isValidCIDR(cidr)) return undefined;
  return `${ipaddr.IPv4.networkAddressFromCIDR(cidr)}/${Number(prefix)}`;
}

/** @param range as returned by `normalizeCidr` */
export function isWithin(address: string, range: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(range));
}
