// A private Docker Engine with its own data, socket, network range and processes, so that several run side by side
// and the machine's own, if it has one, is not touched. Never /var/run/docker.sock.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import type { Authority } from '../debian/authority.ts';
import { ensurePackages } from '../install.ts';
import { withLock } from '../lock.ts';
import { scratchDir } from '../places.ts';
import { type EngineRecord, reap, reapStale, recordedEngines, writeRecord } from '../reap.ts';
import { lastLines, messageOf, waitFor } from '../run.ts';
import {
  admitMachine,
  createNetwork,
  enter,
  hostAddress,
  isRouted,
  type NetworkKind,
  networkFlags,
  RANGES,
  type Range,
} from './engine-network.ts';
import { containerdNamespace } from './engine-processes.ts';
import { rememberFirewall, restoreFirewall } from './firewall.ts';

export interface DockerLab {
  /** The engine's own directory, removed with it. */
  readonly dir: string;
  readonly socketPath: string;
  /** In the form of --docker-host and DOCKER_HOST. */
  readonly host: string;
  /** TCP with TLS, if requested: in the form of --docker-host and --docker-cert-path. */
  readonly tls: { readonly host: string; readonly certPath: string } | undefined;
  /** The process of dockerd. */
  readonly pid: number;
  /** Put before a command, it runs the command on the engine's "host"; empty when that is the machine itself. */
  readonly enter: readonly string[];
  /** Address of that host as seen from the machine; undefined when it is the machine itself. */
  readonly address: string | undefined;
  readonly client: Docker;
  /** Docker hangs: connections are accepted, nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends the daemon and starts it again. Containers end with it, unless `liveRestore` is set. */
  restart(): Promise<void>;
  /** Loads a `docker save` archive. */
  loadImage(tarPath: string): Promise<void>;
  /** Removes every container, ends the engine, and removes all that it left. Safe to repeat. */
  stop(): Promise<void>;
}

export interface DockerLabOptions {
  /**
   * `own` (default): a network namespace of its own, whose sandboxes the machine reaches by a route.
   * `machine`: bridges among the machine's own interfaces, as the agent's firewall rule needs. An engine that
   * starts there opens, for half a second, the closed networks of the engines that already run there.
   */
  readonly network?: NetworkKind;
  /** Containers keep running while the daemon is away. */
  readonly liveRestore?: boolean;
  /** Also listens on TCP, for clients with a certificate; in a network of its own only. */
  readonly authority?: Authority;
}

const READY_MS = 30_000;
const STOP_MS = 20_000;

/** @throws Error with the end of the engine's log when it does not come up */
export async function startDocker(options: DockerLabOptions = {}): Promise<DockerLab> {
  const { network = 'own' } = options;
  await ensurePackages(['docker.io', 'iptables', 'iproute2']);
  return inTurn(network, () => start(network, options));
}

async function start(network: NetworkKind, options: DockerLabOptions): Promise<DockerLab> {
  const { liveRestore = false, authority } = options;
  reapStale();
  const { dir, range } = await claimRange();
  const record: EngineRecord = { range, network, firewall: firewallNow() };
  writeRecord(dir, record);
  const onExit = (): void => reap(dir, record);
  process.once('exit', onExit);
  try {
    await createNetwork(network, range);
    writeFileSync(join(dir, 'daemon.json'), JSON.stringify({ 'live-restore': liveRestore }));
    if (authority !== undefined) await writeTls(dir, authority, hostAddress(range));
    const client = new Docker({ socketPath: join(dir, 'docker.sock') });
    const daemon = await bringUp(dir, record, client);
    if (network === 'machine') restoreFirewall(record.firewall);
    await admitMachine(network, range);
    return handle({ dir, record, daemon, client, onExit });
  } catch (error) {
    process.off('exit', onExit);
    reap(dir, record);
    throw error;
  }
}

async function bringUp(dir: string, record: EngineRecord, client: Docker): Promise<ChildProcess> {
  const daemon = spawnDaemon(dir, record);
  await waitFor('the Docker engine', READY_MS, () => answers(daemon, client)).catch((error: unknown) => {
    throw new Error(`${messageOf(error)}\n${logEnd(dir)}`);
  });
  return daemon;
}

/** Two engines that set up the same firewall at one time break each other's chains. */
function inTurn<T>(network: NetworkKind, work: () => Promise<T>): Promise<T> {
  return network === 'own' ? work() : withLock(join(scratchDir(), 'firewall.lock'), work);
}

function logEnd(dir: string): string {
  return lastLines(readFileSync(join(dir, 'log'), 'utf8').replace(/^.*level=(info|warning).*\n/gm, ''));
}

/** The machine's settings before any private engine changed them; the last engine restores them. */
function firewallNow(): EngineRecord['firewall'] {
  const { rules, ...settings } = rememberFirewall();
  const earlier = recordedEngines().find(({ record }) => record.network === 'machine')?.record.firewall;
  return { ...settings, ...earlier, rules };
}

/** Making the directory is the claim: only one process can. */
async function claimRange(): Promise<{ dir: string; range: Range }> {
  const parent = scratchDir();
  for (const range of RANGES) {
    const dir = join(parent, `engine-${range}`);
    if (existsSync(dir) || (await isRouted(range))) continue;
    try {
      mkdirSync(dir, { mode: 0o700 });
      return { dir, range };
    } catch {
      // Another process was faster.
    }
  }
  throw new Error('no range of addresses is free for another Docker engine');
}

function spawnDaemon(dir: string, { range, network }: EngineRecord): ChildProcess {
  const namespace = containerdNamespace(range);
  const flags = [
    `--data-root=${dir}/data`,
    `--exec-root=${dir}/exec`,
    `--pidfile=${dir}/pid`,
    `--host=unix://${dir}/docker.sock`,
    // Other than the default names: all engines would share a machine-wide containerd.
    `--containerd-namespace=${namespace}`,
    `--containerd-plugins-namespace=${namespace}-plugins`,
    `--config-file=${dir}/daemon.json`,
    '--shutdown-timeout=2',
    ...tlsFlags(dir),
    ...networkFlags(range),
  ];
  const [program = 'dockerd', ...args] = [...enter(network, range), 'dockerd', ...flags];
  const log = openSync(join(dir, 'log'), 'a');
  // In a process group of its own: Ctrl-C then reaches only this process, which stops the engine in order.
  const daemon = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  daemon.unref();
  daemon.on('error', () => undefined);
  return daemon;
}

async function answers(daemon: ChildProcess, client: Docker): Promise<true> {
  if (daemon.exitCode === null && daemon.signalCode === null && daemon.pid !== undefined) {
    await client.ping();
  }
  return true;
}

/** Files for the daemon, and a directory of their own for its clients, with the names that Docker expects. */
async function writeTls(dir: string, authority: Authority, address: string): Promise<void> {
  for (const [of, name] of [
    ['tls', address],
    ['client', 'client'],
  ] as const) {
    mkdirSync(join(dir, of));
    const { key, cert } = await authority.issue(name);
    copyFileSync(key, join(dir, of, 'key.pem'));
    copyFileSync(cert, join(dir, of, 'cert.pem'));
    copyFileSync(authority.ca, join(dir, of, 'ca.pem'));
  }
}

function tlsFlags(dir: string): readonly string[] {
  const tls = join(dir, 'tls');
  if (!existsSync(tls)) return [];
  const files = [`--tlscacert=${tls}/ca.pem`, `--tlscert=${tls}/cert.pem`, `--tlskey=${tls}/key.pem`];
  return ['--host=tcp://0.0.0.0:2376', '--tlsverify', ...files];
}

interface Running {
  readonly dir: string;
  readonly record: EngineRecord;
  readonly daemon: ChildProcess;
  readonly client: Docker;
  readonly onExit: () => void;
}

function handle({ dir, record, daemon: first, client, onExit }: Running): DockerLab {
  let daemon = first;
  const socketPath = join(dir, 'docker.sock');
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    try {
      daemon.kill('SIGCONT');
      await removeContainers(client);
      await end(daemon);
    } catch {
      // What is left after the ordered stop is reaped.
    } finally {
      await inTurn(record.network, async () => reap(dir, record));
      process.off('exit', onExit);
    }
  };
  return {
    dir,
    socketPath,
    host: `unix://${socketPath}`,
    tls: existsSync(join(dir, 'tls'))
      ? { host: `tcp://${hostAddress(record.range)}:2376`, certPath: join(dir, 'client') }
      : undefined,
    get pid() {
      return pidOf(daemon, dir);
    },
    enter: enter(record.network, record.range),
    address: record.network === 'own' ? hostAddress(record.range) : undefined,
    client,
    pause: () => void daemon.kill('SIGSTOP'),
    resume: () => void daemon.kill('SIGCONT'),
    restart: async () => {
      await end(daemon);
      daemon = await bringUp(dir, record, client);
    },
    loadImage: async (tarPath) => finished(client, await client.loadImage(tarPath, { quiet: true })),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

async function end(daemon: ChildProcess): Promise<void> {
  daemon.kill('SIGTERM');
  await waitFor('the end of dockerd', STOP_MS, () => daemon.exitCode ?? daemon.signalCode ?? undefined);
}

function pidOf({ pid, exitCode }: ChildProcess, dir: string): number {
  if (pid !== undefined && exitCode === null) return pid;
  throw new Error(`dockerd has ended:\n${logEnd(dir)}`);
}

/** Reads the engine's progress report to its end. @throws Error with the engine's message when the work failed */
export function finished(client: Docker, report: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    client.modem.followProgress(report, (error: Error | null) =>
      error === null ? resolve() : reject(error),
    );
  });
}

async function removeContainers(client: Docker): Promise<void> {
  const containers = await client.listContainers({ all: true });
  await Promise.allSettled(
    containers.map(({ Id }) => client.getContainer(Id).remove({ force: true, v: true })),
  );
}
