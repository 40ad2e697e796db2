// Warns about DNS servers that sandboxes with egress cannot reach, because their addresses are private.
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import type { Logger } from '../../../../shared/logging.ts';
import type { DockerConfig } from '../options.ts';
import { isWithin } from './cidr.ts';
import { NEVER_REACHED } from './egress.ts';

/** Warns, with a remedy, when none of the DNS servers can be reached. */
export async function warnOfResolvers(
  { sandboxDns, egressDeny }: Pick<DockerConfig, 'sandboxDns' | 'egressDeny'>,
  logger: Logger,
): Promise<void> {
  const asked = sandboxDns.length > 0 ? sandboxDns : await hostResolvers();
  const denied = [...NEVER_REACHED, ...egressDeny];
  if (asked.some((address) => isIPv4(address) && !denied.some((range) => isWithin(address, range)))) return;
  logger.warn(
    { asked, remedy: 'name public ones with --sandbox-dns' },
    'sandboxes may reach the internet, but none of their DNS servers',
  );
}

async function hostResolvers(): Promise<readonly string[]> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address);
}
