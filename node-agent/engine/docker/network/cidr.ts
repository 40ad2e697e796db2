// Ranges of IPv4 addresses, in the spelling in which iptables tells them again.
import { isIPv4 } from 'node:net';

/** `10.1.2.3/8` → `10.0.0.0/8`, `1.2.3.4` → `1.2.3.4/32`; undefined for what is no range. */
export function normalizeCidr(text: string): string | undefined {
  const [address = '', prefix = '32', more] = text.split('/');
  const bits = Number(prefix);
  if (more !== undefined || !isIPv4(address) || !/^\d{1,2}$/.test(prefix) || bits > 32) return undefined;
  return `${spell(numberOf(address) & maskOf(bits))}/${bits}`;
}

/** @param range as `normalizeCidr` gives it */
export function isWithin(address: string, range: string): boolean {
  const [network = '', prefix = '32'] = range.split('/');
  return ((numberOf(address) ^ numberOf(network)) & maskOf(Number(prefix))) === 0;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, byte) => (sum << 8) | Number(byte), 0);
}

function maskOf(bits: number): number {
  return bits === 0 ? 0 : -1 << (32 - bits);
}

function spell(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}
