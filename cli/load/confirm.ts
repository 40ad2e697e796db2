// Before a fleet that is not on this machine is loaded, somebody has to want it: a load on a site of others is an attack.
import { createInterface } from 'node:readline/promises';
import { FleetError } from '../../shared/errors.ts';
import { isLoopback } from './client/addresses.ts';

export interface Intent {
  readonly url: string;
  /** In words: `300 readers within 30 s`. */
  readonly what: string;
  readonly yes: boolean;
}

/**
 * @returns which hosts may be loaded
 * @throws FleetError `bad-config` where there is no terminal to ask at, or the answer is no
 */
export async function confirmLoad({ url, what, yes }: Intent): Promise<(host: string) => boolean> {
  const { hostname, host } = new URL(url);
  if (yes) return () => true;
  if (isLoopback(hostname)) return isLoopback;
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new FleetError('bad-config', `${host} is not this machine, and there is no terminal to ask`, {
      remedy: '--yes says that its operator agrees to the load',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const said = await terminal.question(`This sends ${what} to ${host}. Does its operator agree? [y/N] `);
  terminal.close();
  if (/^y(?:es)?$/i.test(said.trim())) return () => true;
  throw new FleetError('bad-config', 'nothing was sent');
}
