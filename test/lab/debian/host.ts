// Bare Debian hosts on a network of their own: systemd as process 1, sshd, and nothing of tmpfleet. For tests that
// provision hosts. Their control groups, mounts and processes are their own, and end with the process that made them.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTime } from '../docker/engine-processes.ts';
import { ensurePackages } from '../install.ts';
import { scratchDir } from '../places.ts';
import { lastLines, run, tryRunSync, waitFor } from '../run.ts';
import {
  addressOf,
  createHostNamespace,
  createSwitch,
  namespaceOf,
  removeNetworkSync,
  type Subnet,
  subnetsInUse,
} from './network.ts';
import { ensureDebianRoot } from './root.ts';

const BOOT = fileURLToPath(new URL('boot.sh', import.meta.url));
const COMPILE_ONCE = readFileSync(new URL('compile-once.py', import.meta.url), 'utf8');
const BOOT_MS = 90_000;
const CONTROL_GROUPS = '/sys/fs/cgroup';
const FIRST = 2;

export interface DebianHost {
  readonly name: string;
  readonly address: string;
  /** Runs a shell command as root on it. */
  shell(command: string, timeout?: number): Promise<string>;
}

export interface DebianLab {
  readonly hosts: ReadonlyMap<string, DebianHost>;
  /** OpenSSH's private key, accepted for root on every host. */
  readonly privateKey: string;
  /** Pulls the plug: no process on a host can finish its work. */
  stop(): Promise<void>;
}

/**
 * @param names as hosts call each other; resolves when each has booted and answers ssh
 * @param suite of Debian; by default that of this machine
 */
export async function startDebianHosts(names: readonly string[], suite?: string): Promise<DebianLab> {
  await ensurePackages(['iproute2', 'openssh-client', 'util-linux']);
  const lower = await ensureDebianRoot(suite);
  reapStale();
  const subnet = await createSwitch();
  const dir = dirOf(subnet);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'owner'), ownerOf(process.pid));
  const processes: ChildProcess[] = [];
  const firsts: number[] = [];
  const onExit = (): void => reap(subnet, names.length);
  process.once('exit', onExit);
  const stop = async (): Promise<void> => {
    for (const child of processes) child.kill('SIGKILL');
    // When its first process has ended, all processes of a host have.
    const isOver = (): boolean =>
      processes.every(hasEnded) && firsts.every((pid) => startTime(pid) === undefined);
    await waitFor('the end of the hosts', 20_000, () => isOver() || undefined);
    process.off('exit', onExit);
    reap(subnet, names.length);
  };
  try {
    const privateKey = join(dir, 'key');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', privateKey]);
    const hosts = names.map((name, index) => ({ name, index, address: addressOf(subnet, FIRST + index) }));
    const files = filesOf(hosts, readFileSync(`${privateKey}.pub`, 'utf8'));
    const booted = await Promise.all(
      hosts.map((host) =>
        boot({
          ...host,
          subnet,
          lower,
          files,
          onStart: (child) => processes.push(child),
          onUp: (pid) => firsts.push(pid),
        }),
      ),
    );
    return { hosts: new Map(booted.map((host) => [host.name, host])), privateKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Boot {
  readonly name: string;
  readonly index: number;
  readonly address: string;
  readonly subnet: Subnet;
  readonly lower: string;
  readonly files: Readonly<Record<string, string>>;
  readonly onStart: (child: ChildProcess) => void;
  readonly onUp: (pid: number) => void;
}

async function boot({
  name,
  index,
  address,
  subnet,
  lower,
  files,
  onStart,
  onUp,
}: Boot): Promise<DebianHost> {
  const netns = namespaceOf(subnet, FIRST + index);
  await createHostNamespace(subnet, FIRST + index);
  const dir = join(dirOf(subnet), name);
  for (const part of ['upper', 'work', 'root', 'docker', 'containerd'])
    mkdirSync(join(dir, part), { recursive: true });
  writeFiles(join(dir, 'upper'), { ...files, 'etc/hostname': `${name}\n` });
  // Dies with this process, however that ends; the host's process 1 dies with it, and all that it started.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'bash', BOOT, 'outside', name, netns, lower, dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  onStart(child);
  await waitFor(`${name} answers ssh`, BOOT_MS, () => {
    if (hasEnded(child)) throw new Error(`it did not boot: ${lastLines(said)}`);
    return isOpen(address, 22);
  });
  const pid = await firstProcess(child);
  onUp(pid);
  return {
    name,
    address,
    shell: (command, timeout = 60_000) =>
      run('nsenter', ['--target', String(pid), ...ALL_NAMESPACES, 'sh', '-c', command], { timeout }),
  };
}

const ALL_NAMESPACES = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd=/'];

/** The host's process 1 as this machine sees it: the only child of `unshare`. */
async function firstProcess({ pid }: ChildProcess): Promise<number> {
  const children = await run('cat', [`/proc/${pid}/task/${pid}/children`]);
  return Number(children.trim());
}

/** All hosts know each other by name; they use no name server. */
function filesOf(
  hosts: readonly { readonly name: string; readonly address: string }[],
  publicKey: string,
): Readonly<Record<string, string>> {
  const lines = hosts.map(({ name, address }) => `${address} ${name}`);
  return {
    'etc/hosts': ['127.0.0.1 localhost', ...lines, ''].join('\n'),
    'etc/resolv.conf': '',
    'root/.ssh/authorized_keys': publicKey,
    // apt's lists are as old as the root file system; the packages that they name are in its cache.
    'var/lib/apt/periodic/update-success-stamp': '',
    'usr/lib/python3/dist-packages/compile_once.py': COMPILE_ONCE,
    'usr/lib/python3/dist-packages/compile-once.pth': 'import compile_once\n',
  };
}

function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    // Merged with the lower layer: a new directory's permissions would hide those of the root file system.
    mkdirSync(join(file, '..'), { recursive: true, mode: path.startsWith('root/') ? 0o700 : 0o755 });
    writeFileSync(file, text, { mode: path.startsWith('root/') ? 0o600 : 0o644 });
  }
}

function isOpen(host: string, port: number): Promise<true> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 1_000 }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('timeout', () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
  });
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function dirOf(subnet: Subnet): string {
  return join(scratchDir(), `debian-${subnet}`);
}

/** With the start time, because a pid alone may belong to another process later. */
function ownerOf(pid: number): string {
  return `${pid} ${startTime(pid)}`;
}

/** Leftovers of earlier runs whose process is gone; their hosts ended with it. */
function reapStale(): void {
  for (const subnet of subnetsInUse()) {
    const file = join(dirOf(subnet), 'owner');
    if (!existsSync(file)) continue;
    const owner = readFileSync(file, 'utf8');
    if (owner !== ownerOf(Number(owner.split(' ')[0]))) reap(subnet, 254 - FIRST);
  }
}

function reap(subnet: Subnet, count: number): void {
  removeNetworkSync(subnet);
  for (let index = 0; index < count; index += 1) removeControlGroups(namespaceOf(subnet, FIRST + index));
  rmSync(dirOf(subnet), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Empty by now: only directories, the innermost first. */
function removeControlGroups(netns: string): void {
  for (const hierarchy of ['.', ...readdirSync(CONTROL_GROUPS)]) {
    const group = join(CONTROL_GROUPS, hierarchy, 'tmpfleet-lab', netns);
    if (existsSync(group)) tryRunSync('find', [group, '-depth', '-type', 'd', '-delete']);
  }
}
