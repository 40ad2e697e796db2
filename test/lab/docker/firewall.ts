// An engine that starts wipes the firewall chains of every other engine in the same network namespace (measured:
// the isolation of their `internal` networks is gone with them) and leaves its own chains behind when it stops.
// In the machine's namespace the lab therefore restores the others' rules after a start, and removes an engine's own.
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tryRunSync } from '../run.ts';
import { bridgesIn, type Range } from './engine-network.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const TABLES = ['filter', 'nat'] as const;
/** These end the chain; a rule after them would never be reached. */
const LAST_RULE = /^-A \S+ -j RETURN$/;

export interface FirewallBefore {
  readonly forwarding: string;
  readonly forwardPolicy: string;
  /** `iptables-save` lines of Docker's chains, by table. */
  readonly rules: Readonly<Record<string, readonly string[]>>;
}

export function rememberFirewall(): FirewallBefore {
  return {
    forwarding: readFileSync(FORWARDING, 'utf8').trim(),
    forwardPolicy: /^:FORWARD (\w+)/m.exec(save('filter'))?.[1] ?? 'ACCEPT',
    rules: Object.fromEntries(TABLES.map((table) => [table, dockerRules(table)])),
  };
}

/** Restores what the start of an engine wiped. */
export function restoreFirewall(before: FirewallBefore): void {
  for (const table of TABLES) {
    const present = new Set(dockerRules(table));
    const wiped = (before.rules[table] ?? []).filter((line) => !present.has(line) && !LAST_RULE.test(line));
    // Each goes to the head of the chain, so the last one first.
    for (const line of wiped.reverse()) iptables(table, line.replace(/^-A/, '-I'));
  }
}

/** Removes each rule that names the engine's bridges or addresses; without other engines Docker's chains as well. */
export function clearFirewall(range: Range, before: FirewallBefore): void {
  const bridges = new Set(bridgesIn(range));
  const isOurs = (line: string): boolean =>
    line.split(' ').some((word) => bridges.has(word) || word.startsWith(`10.${range}.`));
  for (const program of ['iptables', 'ip6tables']) {
    for (const table of TABLES) {
      const ours = save(table, program)
        .split('\n')
        .filter((line) => line.startsWith('-A ') && isOurs(line));
      for (const line of ours) iptables(table, line.replace(/^-A/, '-D'), program);
    }
  }
  if (otherEngines()) return;
  for (const table of TABLES) removeEmptyChains(table);
  iptables('filter', `-P FORWARD ${before.forwardPolicy}`);
  if (readFileSync(FORWARDING, 'utf8').trim() !== before.forwarding)
    writeFileSync(FORWARDING, before.forwarding);
}

function removeEmptyChains(table: string): void {
  const lines = save(table).split('\n');
  const chains = lines.flatMap((line) => /^:(DOCKER\S*) /.exec(line)?.[1] ?? []);
  const inUse = lines.some((line) => line.startsWith('-A DOCKER') && !/ -j (RETURN|DOCKER\S*)$/.test(line));
  if (inUse) return;
  for (const line of lines)
    if (/^-A (?!DOCKER).* -j DOCKER\S*$/.test(line)) iptables(table, line.replace(/^-A/, '-D'));
  for (const chain of chains) iptables(table, `-F ${chain}`);
  for (const chain of chains) iptables(table, `-X ${chain}`);
}

/** Whether a live dockerd shares this network namespace. */
function otherEngines(): boolean {
  const ours = readlinkSync('/proc/self/ns/net');
  return readdirSync('/proc').some((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/comm`, 'utf8') === 'dockerd\n' &&
        readlinkSync(`/proc/${pid}/ns/net`) === ours
      );
    } catch {
      return false;
    }
  });
}

function dockerRules(table: string): readonly string[] {
  return save(table)
    .split('\n')
    .filter(
      (line) => line.startsWith('-A DOCKER') || (line.startsWith('-A FORWARD') && line.endsWith('DROP')),
    );
}

function save(table: string, program = 'iptables'): string {
  return tryRunSync(`${program}-save`, ['-t', table]) ?? '';
}

function iptables(table: string, line: string, program = 'iptables'): void {
  tryRunSync(program, ['-w', '10', '-t', table, ...line.split(' ')]);
}
