// A Redis of the suite's own: Debian's redis-server on a free port, stopped, killed and started again at will.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePackages } from './install.ts';
import { run, waitFor } from './run.ts';

const START_MS = 20_000;

/** The path of redis-server. */
export async function ensureRedis(): Promise<string> {
  await ensurePackages(['redis-server']);
  return '/usr/bin/redis-server';
}

export interface RedisLab {
  /** As --registry takes it. */
  readonly url: string;
  readonly pid: number;
  /** One command, as redis-cli prints its answer. */
  command(...words: readonly string[]): Promise<string>;
  /** SIGTERM has it write what it holds to disk first, SIGKILL does not. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** On the same port, with what is on its disk. */
  start(): Promise<void>;
  /** Stops it, and takes its directory away. */
  forget(): Promise<void>;
}

/** @param password asked of everybody when given */
export async function startRedis(program: string, password = ''): Promise<RedisLab> {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-redis-'));
  const port = await freePort();
  let child: ChildProcess;
  const command = (...words: readonly string[]): Promise<string> =>
    run('redis-cli', ['-p', String(port), ...words], {
      timeout: 5_000,
      env: password === '' ? {} : { REDISCLI_AUTH: password },
    });
  const start = async (): Promise<void> => {
    const auth = password === '' ? [] : ['--requirepass', password];
    // A save point that is never reached: written at the end only.
    const flags = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--save',
      '86400',
      '1',
      ...auth,
    ];
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
    url: `redis://127.0.0.1:${port}/0`,
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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
