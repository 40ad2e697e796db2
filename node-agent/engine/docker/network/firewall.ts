// Keeps sandboxes from reaching the host. Docker's own rules guard only the FORWARD chain: every port that the host
// listens on, including the control port, would answer at the bridge's gateway address. One rule in INPUT closes that:
// packets from the bridge may not open a connection; responses to our connections pass.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describeError, errorCode, FleetError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../../shared/logging.ts';

export type FirewallMode = 'auto' | 'require' | 'off';

export interface HostFirewallOptions {
  readonly mode: FirewallMode;
  readonly logger: Logger;
}

const run = promisify(execFile);
const DEADLINE_MS = 15_000;

/** Arguments of iptables after the verb. */
function rule(bridge: string): readonly string[] {
  return ['INPUT', '-i', bridge, '-m', 'conntrack', '!', '--ctstate', 'ESTABLISHED,RELATED', '-j', 'DROP'];
}

/** The command for an operator to type where the agent lacks the permission. */
export function firewallCommand(bridge: string): string {
  return `sudo iptables -I ${rule(bridge).join(' ')}`;
}

export class HostFirewall {
  readonly #options: HostFirewallOptions;
  #warned = false;

  constructor(options: HostFirewallOptions) {
    this.#options = options;
  }

  /**
   * Adds the rule for each bridge if it is missing; safe to repeat.
   * @throws FleetError `engine-unavailable` when it cannot be set and is required
   */
  async ensure(bridges: readonly string[]): Promise<void> {
    for (const bridge of bridges) await this.#ensure(bridge);
  }

  async #ensure(bridge: string): Promise<void> {
    const { mode, logger } = this.#options;
    if (mode === 'off') return;
    try {
      await checkBridge(bridge);
      if (await ensureWith('iptables', bridge))
        logger.info({ bridge }, 'sandboxes are kept away from this host');
      await ensureWith('ip6tables', bridge).catch((error: unknown) => {
        // Sandboxes have no IPv6, so a host without ip6tables needs no rule.
        logger.debug({ error: describeError(error) }, 'no rule for IPv6');
      });
    } catch (cause) {
      const why = describeError(cause).split('\n').at(-1);
      const remedy = `type: ${firewallCommand(bridge)}`;
      if (mode === 'require') {
        throw new FleetError('engine-unavailable', `host-firewall: the rule cannot be set (${why})`, {
          cause,
          remedy,
        });
      }
      if (!this.#warned) {
        logger.warn(
          { why, remedy },
          'SANDBOXES CAN REACH EVERY PORT OF THIS HOST: the firewall rule is missing',
        );
      }
      this.#warned = true;
    }
  }

  /** Removes the rule; best effort. */
  async remove(bridges: readonly string[]): Promise<void> {
    const { mode, logger } = this.#options;
    if (mode === 'off') return;
    for (const bridge of bridges) {
      for (const program of ['iptables', 'ip6tables']) {
        try {
          await run(program, ['-w', '5', '-D', ...rule(bridge)], { timeout: DEADLINE_MS });
        } catch (error) {
          logger.debug({ program, error: describeError(error) }, 'no firewall rule to remove');
        }
      }
    }
  }
}

/** A rule for a bridge outside our network namespace (rootless, Docker Desktop, agent in a container) has no effect. */
async function checkBridge(bridge: string): Promise<void> {
  const devices = await readFile('/proc/net/dev', 'utf8');
  if (!devices.includes(`${bridge}:`)) {
    throw new Error(`the bridge ${bridge} is not among this host's interfaces`);
  }
}

/** True when the rule was missing. */
async function ensureWith(program: string, bridge: string): Promise<boolean> {
  try {
    await run(program, ['-w', '5', '-C', ...rule(bridge)], { timeout: DEADLINE_MS });
    return false;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new Error(`${program} is not installed`);
    await run(program, ['-w', '5', '-I', ...rule(bridge)], { timeout: DEADLINE_MS });
    return true;
  }
}
