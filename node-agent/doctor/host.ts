// Checks a node's host with the agent's own options: would the agent start here, and can it serve its capacity?

import { access, mkdtemp, readFile, rmdir, statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Agent, request } from 'undici';
import { checkCertificate, checkOwnCertificate } from '../../shared/checkup/certificate.ts';
import { check, type Finding, type Verdict } from '../../shared/checkup/checkup.ts';
import type { Clock } from '../../shared/clock.ts';
import { spellCount } from '../../shared/config/units.ts';
import { refuseDanglingLink } from '../../shared/data-dir.ts';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import { explainUnreachable, FRONT_LISTENER } from '../../shared/http/network-errors.ts';
import { readText } from '../../shared/http/read-body.ts';
import { serve } from '../../shared/http/serving.ts';
import type { Logger } from '../../shared/logging.ts';
import { parseNodeKey } from '../../shared/protocol/node-key.ts';
import { MAX_SKEW_MS } from '../../shared/protocol/probe.ts';
import { nodeStatsSchema, parseJson } from '../../shared/protocol/wire.ts';
import type { NodeAgentConfig } from '../config.ts';
import { checkLocalListens, checkNodeAgentConfig } from '../config-check.ts';
import { dataDirsOf } from '../engine/docker/disk.ts';
import type { EngineKind } from '../engine/engine.ts';
import { chooseEngine, createEngine } from '../engine/index.ts';
import { checkDocker } from './docker.ts';

export interface HostCheckOptions {
  readonly config: NodeAgentConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const GIB = 1024 ** 3;
const ASK_MS = 5_000;
/** A front's /stats contains the report of every node. */
const ANSWER_LIMIT = { bytes: 64 * 1024 * 1024, what: 'its answer' };
/** File descriptors of one reader: six browser connections, each with one connection to the sandbox. */
const FILES_PER_READER = 12;
const FILES_OF_OURS = 200;

/** Yields each finding as soon as it is known. */
export async function* examineHost(options: HostCheckOptions): AsyncGenerator<Finding> {
  const { config, env, clock, logger } = options;
  const engine: { kind: EngineKind } = { kind: 'local' };
  yield await check('configuration', async () => {
    const { kind, whyNotDocker } = await chooseEngine(config, env);
    engine.kind = kind;
    checkNodeAgentConfig(config);
    if (kind === 'local') checkLocalListens(config, whyNotDocker);
    return { detail: `node ${config.nodeId}, ${config.capacity} slots, engine ${kind}` };
  });
  const { kind } = engine;
  let dockerDirs: readonly string[] = [];
  if (kind === 'docker') {
    const context = { nodeId: config.nodeId, logger, clock };
    const { findings, facts } = await checkDocker({ config, env, context });
    yield* findings;
    dockerDirs = facts === undefined ? [] : dataDirsOf(facts).filter((dir) => dir !== '');
  } else {
    yield {
      ...{ check: 'isolation', level: 'warn', detail: 'the local engine isolates nothing' },
      remedy: 'for readers you do not know: --engine docker',
    };
  }
  yield await check('port', () => checkPort(config.host, config.port, '--port', config));
  yield await check('control port', () =>
    checkPort(config.controlHost, config.controlPort, '--control-port', config),
  );
  yield await check('data directory', () => checkDataDir(resolve(config.dataDir)));
  yield await check('disk', () => checkDisk(resolve(config.dataDir), dockerDirs));
  yield await check('memory', () => judgeMemory(config, kind));
  if (config.freezeAfterMs > 0) yield await check('freezing', () => judgeFreezing(options, kind));
  yield await check('open files', () => checkOpenFiles(config));
  if (config.tlsCert !== '') yield await check('certificate', () => checkOwnCertificate(config, clock.now()));
  yield await check('secret', () => judgeSecret(config));
  if (config.frontUrl === '') return;
  yield await check('front', () => checkFront(config.frontUrl, clock));
  if (config.frontUrl.startsWith('https:'))
    yield await check('front certificate', () => checkCertificate(config.frontUrl, clock.now()));
}

/** Accepts a port that is free, or that the agent of this node holds. */
async function checkPort(
  host: string,
  port: number,
  flag: string,
  { nodeId, ...config }: NodeAgentConfig,
): Promise<Verdict> {
  if (port === 0) return { detail: 'any free port' };
  try {
    const server = await serve({
      what: 'the node',
      host,
      port,
      flag,
      handle: (_, response) => response.end(),
    });
    await server.close(0);
    return { detail: `${port} on ${host} is free` };
  } catch (error) {
    if (!(error instanceof FleetError) || errorCode(error.cause) !== 'EADDRINUSE') throw error;
    const there = await nodeAt(config);
    if (there !== nodeId) throw error;
    return { detail: `${port} on ${host} is taken, and this node's agent is running` };
  }
}

/** The name of the node that answers at this address; undefined when none does. */
async function nodeAt({ host, port, tlsCert }: Omit<NodeAgentConfig, 'nodeId'>): Promise<string | undefined> {
  const at = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  try {
    const answer = await request(`http${tlsCert === '' ? '' : 's'}://${at}:${port}/stats`, {
      signal: AbortSignal.timeout(ASK_MS),
      // The certificate is for the name of the node, which need not be that of the address here.
      dispatcher: new Agent({ connect: { rejectUnauthorized: false } }),
    });
    return parseJson(await readText(answer.body, ANSWER_LIMIT), nodeStatsSchema, 'its report').fleet?.node;
  } catch {
    // Another program holds the port: the error of `listen` reports it.
    return undefined;
  }
}

/** The directory, or its nearest existing parent: the agent creates missing directories. */
async function nearest(path: string): Promise<string> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return there || dirname(path) === path ? path : nearest(dirname(path));
}

async function checkDataDir(dir: string): Promise<Verdict> {
  await refuseDanglingLink(dir);
  const there = await nearest(dir);
  try {
    // A write is tried, because permissions are not enough: a file system may be read-only or full.
    await rmdir(await mkdtemp(join(there, '.doctor-')));
  } catch (cause) {
    throw new FleetError('bad-config', `data-dir: ${there} cannot be written to: ${describeError(cause)}`, {
      cause,
      remedy: 'give it to the user the agent runs as, or choose another with --data-dir',
    });
  }
  return { detail: there === dir ? `${dir} can be written to` : `${dir} can be created` };
}

/** @param dockerDirs where Docker keeps images and containers; none where it is not used, or not known */
async function checkDisk(dataDir: string, dockerDirs: readonly string[]): Promise<Verdict> {
  const places = await Promise.all(
    [dataDir, ...dockerDirs].map(async (dir) => {
      const { bavail, bsize } = await statfs(await nearest(dir));
      return { dir, free: bavail * bsize };
    }),
  );
  const detail = places.map(({ dir, free }) => `${gib(free)} free at ${dir}`).join(', ');
  const least = Math.min(...places.map(({ free }) => free));
  // Of several on one full disk, Docker's take more.
  const fullest = places.findLast(({ free }) => free === least)?.dir ?? dataDir;
  const remedy = dockerDirs.includes(fullest)
    ? 'make room: docker system df shows what Docker holds'
    : `make room on the disk of ${fullest}; du -xh shows what is large there`;
  if (least < 0.25 * GIB) return { level: 'fail', detail, remedy };
  return least < 2 * GIB ? { level: 'warn', detail, remedy } : { detail };
}

function judgeMemory({ capacity, memoryBytes: memory }: NodeAgentConfig, kind: EngineKind): Verdict {
  const [total, free] = [totalmem(), freemem()];
  if (kind === 'local')
    return { detail: `${gib(free)} free of ${gib(total)}; the local engine limits nothing` };
  const wanted = capacity * memory;
  const detail = `${spellCount(capacity, 'sandbox')} of ${gib(memory)} may take ${gib(wanted)}; this host has ${gib(total)}`;
  if (memory > total) return { level: 'fail', detail, remedy: 'lower --memory' };
  if (wanted <= total) return { detail };
  // Most readers use a fraction of their limit, so this can be a choice; the warning makes it a conscious one.
  return {
    level: 'warn',
    detail,
    remedy: 'lower --capacity or --memory, unless readers are known to use less',
  };
}

async function judgeFreezing(
  { config, env, clock, logger }: HostCheckOptions,
  kind: EngineKind,
): Promise<Verdict> {
  const engine = createEngine(kind, config, { nodeId: config.nodeId, logger, clock, env });
  const { cpu, memory, missing } = await engine.freezeSavings();
  if (!cpu) return { level: 'warn', detail: `nothing is frozen: ${missing}` };
  if (memory) return { detail: 'unused sandboxes are frozen, and their memory goes to swap' };
  return {
    level: 'warn',
    detail: `unused sandboxes are frozen, which saves only processor time: ${missing}`,
    remedy: 'for their memory, too: Docker on this host, swap or zram, and a node-agent that runs as root',
  };
}

async function checkOpenFiles({ capacity }: NodeAgentConfig): Promise<Verdict> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, , hard = ''] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
  if (hard === '') return { level: 'warn', detail: 'the limit cannot be read on this system' };
  const wanted = FILES_OF_OURS + capacity * FILES_PER_READER;
  // Node raises its own limit to the hard one when it starts.
  const detail = `${hard} may be open; ${spellCount(capacity, 'reader')} ${capacity === 1 ? 'needs' : 'need'} about ${wanted}`;
  if (hard === 'unlimited' || Number(hard) >= wanted) return { detail };
  const level = Number(hard) < wanted / 2 ? 'fail' : 'warn';
  return { level, detail, remedy: `raise it: ulimit -Hn ${wanted}, or LimitNOFILE=${wanted} in the unit` };
}

function judgeSecret({ nodeId, nodeKey, secret, frontUrl }: NodeAgentConfig): Verdict {
  if (secret !== '') {
    return {
      level: 'warn',
      detail: "this node has the fleet's secret: an intruder here commands the whole fleet",
      remedy: `tmpfleet node key ${nodeId}, where the secret is; then --node-key-file instead of --secret-file`,
    };
  }
  if (nodeKey !== '') parseNodeKey(nodeKey, nodeId);
  if (nodeKey !== '') return { detail: 'set; to compare it with the front: tmpfleet doctor --front' };
  if (frontUrl === '') return { detail: 'none, and no front either' };
  return {
    level: 'warn',
    detail: 'none: readers have no tickets, and the front can send no orders',
    remedy: `at the front: tmpfleet node key ${nodeId}; then TMPFLEET_NODE_KEY or --node-key-file here`,
  };
}

async function checkFront(frontUrl: string, clock: Clock): Promise<Verdict> {
  const asked = clock.now();
  const answer = await request(`${frontUrl}/stats`, { signal: AbortSignal.timeout(ASK_MS) }).catch(
    (cause: unknown) => {
      const { message, remedy } = explainUnreachable(cause, frontUrl, FRONT_LISTENER);
      throw new FleetError('unavailable', message, { cause, remedy });
    },
  );
  const came = clock.now();
  const text = await readText(answer.body, ANSWER_LIMIT);
  if (answer.statusCode !== 200 || !text.includes('"hosts"')) {
    const remedy = 'set --front-url to the address that readers click, not to the control listener';
    return { level: 'fail', detail: `the server at ${frontUrl} is not a redirector`, remedy };
  }
  const answered = Date.parse(String(answer.headers.date ?? ''));
  const apart = Math.round(((asked + came) / 2 - answered - 500) / 1000);
  if (Number.isNaN(apart)) return { level: 'warn', detail: 'it answers, but without its time' };
  const detail = `it answers; our clock is ${Math.abs(apart)} s ${apart < 0 ? 'behind' : 'ahead of'} its`;
  if (Math.abs(apart) * 1000 <= MAX_SKEW_MS) return { detail };
  return { level: 'fail', detail, remedy: 'synchronize both clocks (timedatectl set-ntp true, or chrony)' };
}

function gib(bytes: number): string {
  return bytes < GIB ? `${Math.round(bytes / 1024 ** 2)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
}
