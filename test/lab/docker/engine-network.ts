// A private engine's network: 10.N.0.0/16, a range to which this machine had no route.
// `machine`: bridges in the machine's own namespace, as on a real host, where a firewall rule can be tested.
// `own`: a namespace of its own (a host of its own), joined to the machine by a pair of virtual cables.
import { run, tryRunSync } from '../run.ts';

export type NetworkKind = 'machine' | 'own';

/** A number from 64 to 254 that no other engine uses: the second byte of every address of one engine. */
export type Range = number;

export const RANGES: readonly Range[] = Array.from({ length: 191 }, (_, index) => 64 + index);

/** The cable's end in the engine's namespace. */
const CABLE = 'machine0';

export function bridgeOf(range: Range): string {
  return `tfl${range}`;
}

/** The namespace's name in /run/netns, and the name of the cable's end at the machine. */
export function hostOf(range: Range): string {
  return `tflh${range}`;
}

/** For a namespace of its own: the address of the engine's host. */
export function hostAddress(range: Range): string {
  return `10.${range}.1.2`;
}

/** dockerd's flags. Networks that are made later get a /24 each from the upper half. */
export function networkFlags(range: Range): readonly string[] {
  return [`--bridge=${bridgeOf(range)}`, `--default-address-pool=base=10.${range}.128.0/17,size=24`];
}

/** Put before a command, it runs the command in the engine's network namespace. */
export function enter(kind: NetworkKind, range: Range): readonly string[] {
  // Not `ip netns exec`: it mounts /sys again and hides the control groups.
  return kind === 'own' ? ['nsenter', `--net=/run/netns/${hostOf(range)}`] : [];
}

/** Whether a route of this machine leads into that range. A wider one (10.0.0.0/8) yields to the engine's. */
export async function isRouted(range: Range): Promise<boolean> {
  const routes = await run('ip', ['-4', 'route', 'show', 'table', 'all', 'root', `10.${range}.0.0/16`]);
  return routes.trim() !== '';
}

export async function createNetwork(kind: NetworkKind, range: Range): Promise<void> {
  if (kind === 'own') await createHost(range);
  const ip = commandIn(kind, range, 'ip');
  await ip('link', 'add', bridgeOf(range), 'type', 'bridge');
  await ip('addr', 'add', `10.${range}.0.1/24`, 'dev', bridgeOf(range));
  await ip('link', 'set', bridgeOf(range), 'up');
}

/** After the engine has made its chains: lets the machine into every bridge, as a host's own processes are. */
export async function admitMachine(kind: NetworkKind, range: Range): Promise<void> {
  if (kind === 'machine') return;
  const iptables = commandIn(kind, range, 'iptables');
  await iptables('-w', '-I', 'DOCKER-USER', '-i', CABLE, '-j', 'ACCEPT');
  await iptables(
    '-w',
    '-I',
    'DOCKER-USER',
    '-o',
    CABLE,
    '-m',
    'conntrack',
    '--ctstate',
    'ESTABLISHED,RELATED',
    '-j',
    'ACCEPT',
  );
  // A sandbox on an `internal` network can answer only to its bridge, so packets come from the bridge's address.
  await iptables('-w', '-t', 'nat', '-I', 'POSTROUTING', '-s', `10.${range}.1.1/32`, '-j', 'MASQUERADE');
}

/** Removes namespace, cable and bridges; missing ones do not matter. */
export function removeNetworkSync(range: Range): void {
  tryRunSync('ip', ['netns', 'del', hostOf(range)]);
  tryRunSync('ip', ['link', 'del', hostOf(range)]);
  for (const bridge of bridgesIn(range)) tryRunSync('ip', ['link', 'del', bridge]);
}

/** The interfaces of this namespace with an address in that range, and always the default bridge. */
export function bridgesIn(range: Range): readonly string[] {
  const listing = tryRunSync('ip', ['-4', '-o', 'addr', 'show']) ?? '';
  const found = listing.split('\n').flatMap((line) => {
    const [, name, address] = /^\d+: (\S+)\s+inet (\S+)/.exec(line) ?? [];
    return name !== undefined && address?.startsWith(`10.${range}.`) ? [name] : [];
  });
  return [...new Set([bridgeOf(range), ...found])];
}

async function createHost(range: Range): Promise<void> {
  const host = hostOf(range);
  await run('ip', ['netns', 'add', host]);
  await run('ip', ['link', 'add', host, 'type', 'veth', 'peer', 'name', CABLE, 'netns', host]);
  await run('ip', ['addr', 'add', `10.${range}.1.1/30`, 'dev', host]);
  await run('ip', ['link', 'set', host, 'up']);
  const ip = commandIn('own', range, 'ip');
  await ip('link', 'set', 'lo', 'up');
  await ip('addr', 'add', `${hostAddress(range)}/30`, 'dev', CABLE);
  await ip('link', 'set', CABLE, 'up');
  await run('ip', ['route', 'add', `10.${range}.0.0/16`, 'via', hostAddress(range)]);
}

function commandIn(kind: NetworkKind, range: Range, program: string): (...args: string[]) => Promise<string> {
  const [first = program, ...rest] = [...enter(kind, range), program];
  return (...args) => run(first, [...rest, ...args]);
}
