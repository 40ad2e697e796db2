// A Redis of the suite's own: Debian's redis-server on a free port, which a test stops, kills and starts again.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authority } from './debian/authority.ts';
import { ensurePackages } from './install.ts';
import { run, waitFor } from './run.ts';

const START_MS = 20_000;

/** The path of redis-server. */
export async function ensureRedis(): Promise<string> {
  await ensurePackages(['redis-server']);
  return '/usr/bin/redis-server';
}

export interface RedisLab {
  /** In the form of --registry. */
  readonly url: string;
  readonly pid: number;
  /** One command, as redis-cli prints its answer. */
  command(...words: readonly string[]): Promise<string>;
  /** SIGTERM makes it write its data to disk first, SIGKILL does not. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it on the same port, with the data on its disk. */
  start(): Promise<void>;
  /** Stops it, and removes its directory. */
  forget(): Promise<void>;
}

export interface RedisLabOptions {
  /** Required of every client if set. */
  readonly password?: string;
  /** It speaks TLS only, with a certificate of this authority. */
  readonly authority?: Authority;
}

export async function startRedis(program: string, options: RedisLabOptions = {}): Promise<RedisLab> {
  const { password = '', authority } = options;
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-redis-'));
  const port = String(await freePort());
  const listen = authority === undefined ? ['--port', port] : await listenByTls(authority, port);
  const auth = password === '' ? [] : ['--requirepass', password];
  // A save point that is never reached: data is written at the end only.
  const flags = [...listen, '--bind', '127.0.0.1', '--dir', dir, '--save', '86400', '1', ...auth];
  const trust = authority === undefined ? [] : ['--tls', '--cacert', authority.ca];
  let child: ChildProcess;
  const command = (...words: readonly string[]): Promise<string> =>
    run('redis-cli', ['-p', port, ...trust, ...words], {
      timeout: 5_000,
      env: password === '' ? {} : { REDISCLI_AUTH: password },
    });
  const start = async (): Promise<void> => {
    child = spawn(program, flags, { stdio: 'ignore' });
    await waitFor('Redis', START_MS, async () => (await command('PING')).trim() === 'PONG' || undefined);
  };
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  };
  await start();
  return {
    url: `${authority === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}/0`,
    get pid() {
      return child.pid ?? 0;
    },
    ...{ command, start, stop },
    forget: async () => {
      await stop('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function listenByTls(authority: Authority, port: string): Promise<readonly string[]> {
  const { key, cert } = await authority.issue('127.0.0.1');
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', authority.ca];
  return ['--port', '0', '--tls-port', port, '--tls-auth-clients', 'no', ...files];
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
