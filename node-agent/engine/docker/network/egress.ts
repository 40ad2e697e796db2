// Lets sandboxes with egress reach the public internet and nothing else. The rules are in a chain of our own, to which
// Docker's chain DOCKER-USER jumps first, for our bridges only; Docker evaluates that chain first and never flushes it.
// Traffic to the host itself does not pass there: firewall.ts blocks it.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { describeError, FleetError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../../shared/logging.ts';

/**
 * Ranges that are not globally reachable by the IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast
 * (RFC 5771), and the one metadata service of a cloud that has a public address (Azure's).
 */
export const NEVER_REACHED: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
];

/** Mail ports: strangers with a free machine would use them to send spam. */
const SMTP_PORT = 25;

const USER_CHAIN = 'DOCKER-USER';
const DEADLINE_MS = 15_000;
const run = promisify(execFile);

export interface EgressOptions {
  readonly chain: string;
  /** Further ranges to block, besides `NEVER`; normalized. */
  readonly deny: readonly string[];
  readonly logger: Logger;
}

export class EgressGuard {
  readonly #options: EgressOptions;

  constructor(options: EgressOptions) {
    this.#options = options;
  }

  /**
   * Adds the rules if they are missing; safe to repeat.
   * @throws FleetError `engine-unavailable` when they cannot be set: then no sandbox may have egress
   */
  async ensure(bridges: readonly string[]): Promise<void> {
    const { chain, logger } = this.#options;
    try {
      if ((await listed(chain)) !== this.#rules().join('\n')) {
        await this.#write();
        logger.info({ chain }, 'sandboxes may reach the internet, and no private address');
      }
      for (const bridge of bridges) await jump(bridge, chain);
    } catch (cause) {
      const why = describeError(cause).split('\n').at(-1);
      throw new FleetError('engine-unavailable', `egress: the rules cannot be set (${why})`, {
        cause,
        remedy:
          "the agent needs root, iptables and a Docker that manages the firewall of the agent's own network namespace; or omit --egress",
      });
    }
  }

  /** Removes the rules; best effort. */
  async remove(bridges: readonly string[]): Promise<void> {
    const { chain, logger } = this.#options;
    const attempts = [
      ...bridges.map((bridge) => ['-D', USER_CHAIN, ...jumpRule(bridge, chain)]),
      ...[
        ['-F', chain],
        ['-X', chain],
      ],
    ];
    for (const args of attempts) {
      await iptables(args).catch((error: unknown) =>
        logger.debug({ error: describeError(error) }, 'no rule to remove'),
      );
    }
  }

  /** The rules, as `iptables -S` prints them. */
  #rules(): readonly string[] {
    const { chain, deny } = this.#options;
    const refuse = '-j REJECT --reject-with icmp-admin-prohibited';
    return [
      `-N ${chain}`,
      `-A ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN`,
      ...[...NEVER_REACHED, ...deny].map((range) => `-A ${chain} -d ${range} ${refuse}`),
      `-A ${chain} -p tcp -m tcp --dport ${SMTP_PORT} ${refuse}`,
      `-A ${chain} -j RETURN`,
    ];
  }

  /** In one transaction, so that the chain never exists without its rules. */
  async #write(): Promise<void> {
    const [, ...rules] = this.#rules();
    const text = ['*filter', `:${this.#options.chain} - [0:0]`, ...rules, 'COMMIT', ''].join('\n');
    const child = spawn('iptables-restore', ['-w', '5', '--noflush'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      timeout: DEADLINE_MS,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
    child.stdin.on('error', () => undefined).end(text);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(said.trim() || `iptables-restore ended with ${code}`);
  }
}

function jumpRule(bridge: string, chain: string): readonly string[] {
  return ['-i', bridge, '-j', chain];
}

async function jump(bridge: string, chain: string): Promise<void> {
  const rule = jumpRule(bridge, chain);
  await iptables(['-C', USER_CHAIN, ...rule]).catch(() => iptables(['-I', USER_CHAIN, '1', ...rule]));
}

/** Undefined when the chain does not exist, or iptables cannot be run. */
async function listed(chain: string): Promise<string | undefined> {
  return iptables(['-S', chain]).catch(() => undefined);
}

async function iptables(args: readonly string[]): Promise<string> {
  const { stdout } = await run('iptables', ['-w', '5', ...args], { timeout: DEADLINE_MS });
  return stdout.trim();
}
