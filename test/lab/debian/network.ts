// The network of Debian hosts: a switch, and a cable from it to each host and to this machine. Everything is in
// namespaces of its own but the machine's end of its cable; 198.18.0.0/15 is set aside for such (RFC 2544).
import { has, run, tryRunSync } from '../run.ts';

/** The third byte of every address of one network. */
export type Subnet = number;

/** Prefix of the names of all namespaces and of the machine's cable. */
const PREFIX = 'tfd';
const SUBNETS = 200;
const MACHINE = 1;

export function addressOf(subnet: Subnet, host: number): string {
  return `198.18.${subnet}.${host}`;
}

export function namespaceOf(subnet: Subnet, host: number): string {
  return `${switchOf(subnet)}-${host}`;
}

function switchOf(subnet: Subnet): string {
  return `${PREFIX}${subnet}`;
}

/** A switch for one user, with this machine connected to it. */
export async function createSwitch(): Promise<Subnet> {
  if (!has('ip')) throw new Error('there is no ip (iproute2) on the PATH');
  for (let subnet = 0; subnet < SUBNETS; subnet += 1) {
    // Making the namespace is the claim: of two processes that try, one fails.
    if (tryRunSync('ip', ['netns', 'add', switchOf(subnet)]) === undefined) continue;
    const inside = ['-n', switchOf(subnet)];
    await run('ip', [...inside, 'link', 'add', 'switch', 'type', 'bridge']);
    await run('ip', [...inside, 'link', 'set', 'switch', 'up']);
    await plugIn(subnet, MACHINE);
    await run('ip', ['addr', 'add', `${addressOf(subnet, MACHINE)}/24`, 'dev', switchOf(subnet)]);
    await run('ip', ['link', 'set', switchOf(subnet), 'up']);
    return subnet;
  }
  throw new Error('no network is free for hosts of the lab');
}

/** The namespace of a host, with its cable in the switch. @param host from 2 to 254 */
export async function createHostNamespace(subnet: Subnet, host: number): Promise<void> {
  const namespace = namespaceOf(subnet, host);
  await run('ip', ['netns', 'add', namespace]);
  await plugIn(subnet, host);
  const inside = ['-n', namespace];
  await run('ip', [...inside, 'link', 'set', 'lo', 'up']);
  await run('ip', [...inside, 'addr', 'add', `${addressOf(subnet, host)}/24`, 'dev', 'eth0']);
  await run('ip', [...inside, 'link', 'set', 'eth0', 'up']);
}

async function plugIn(subnet: Subnet, host: number): Promise<void> {
  const end =
    host === MACHINE
      ? ['name', switchOf(subnet), 'netns', '1']
      : ['name', 'eth0', 'netns', namespaceOf(subnet, host)];
  const inside = ['-n', switchOf(subnet)];
  await run('ip', [...inside, 'link', 'add', `port${host}`, 'type', 'veth', 'peer', ...end]);
  await run('ip', [...inside, 'link', 'set', `port${host}`, 'master', 'switch', 'up']);
}

/** Removes all of it; cables go with the namespaces. */
export function removeNetworkSync(subnet: Subnet): void {
  for (const name of namespaces()) {
    if (name === switchOf(subnet) || name.startsWith(`${switchOf(subnet)}-`))
      tryRunSync('ip', ['netns', 'del', name]);
  }
  tryRunSync('ip', ['link', 'del', switchOf(subnet)]);
}

/** Prefix of all such networks, those of other processes too. */
export function subnetsInUse(): readonly Subnet[] {
  return namespaces().flatMap((name) => (/^tfd\d+$/.test(name) ? Number(name.slice(PREFIX.length)) : []));
}

function namespaces(): readonly string[] {
  return (tryRunSync('ip', ['netns', 'list']) ?? '').split('\n').flatMap((line) => line.split(' ')[0] || []);
}
