// Which user of this host is at the other end of a connection over loopback, as the kernel knows it (proc(5), /proc/net/tcp).
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';

export interface LocalConnection {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** The user's id; undefined where the system does not say, and for a connection from another host. */
export async function peerUserOf(connection: LocalConnection): Promise<number | undefined> {
  const { remoteAddress, remotePort, localAddress, localPort } = connection;
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  for (const table of ['tcp', 'tcp6'] as const) {
    const text = await readFile(`/proc/self/net/${table}`, 'utf8').catch(() => '');
    // Of the two ends in the table, the one whose own address is our peer's.
    const own = `${inHex(remoteAddress, table)}:${portInHex(remotePort)}`;
    const other = `${inHex(localAddress, table)}:${portInHex(localPort)}`;
    for (const line of text.split('\n')) {
      const [, from, to, , , , , user] = line.trim().split(/\s+/);
      if (from === own && to === other) return Number(user);
    }
  }
  return undefined;
}

function portInHex(port = 0): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** As the table has it: words of 32 bits in the order of the host's bytes. */
function inHex(address: string, table: 'tcp' | 'tcp6'): string {
  const bytes = bytesOf(address.replace(/^::ffff:(?=\d+\.)/i, ''), table);
  const words = Array.from({ length: bytes.length / 4 }, (_, word) => bytes.subarray(word * 4, word * 4 + 4));
  return words
    .map((word) => Buffer.from(endianness() === 'LE' ? word.toReversed() : word).toString('hex'))
    .join('')
    .toUpperCase();
}

/** Of loopback; any other IPv6 address gives bytes that are in no table. */
function bytesOf(address: string, table: 'tcp' | 'tcp6'): Uint8Array {
  if (isIPv4(address)) {
    const four = address.split('.').map(Number);
    return Uint8Array.from(table === 'tcp' ? four : [...Array(10).fill(0), 0xff, 0xff, ...four]);
  }
  return Uint8Array.from([...Array(15).fill(0), address === '::1' ? 1 : 0]);
}
