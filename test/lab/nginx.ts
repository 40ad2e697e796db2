// A real nginx as TLS terminator: the one on the PATH, or Debian's package unpacked into the cache, so that nothing is installed.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { handshake } from './caddy.ts';
import { cacheDir, scratchDir } from './places.ts';
import { freePort } from './redis.ts';
import { lastLines, waitFor } from './run.ts';

const START_MS = 30_000;
/** The bench knows how it is got; a module without types. */
const BENCH = new URL('../../bench/proxy/debian.mjs', import.meta.url).href;
const benchSchema = z.object({ findProgram: z.custom<(name: string) => unknown>() });
const programSchema = z.object({ file: z.string(), env: z.record(z.string(), z.string()) });

export interface Nginx {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
}

/** @param site what stands in its block `http`, for a site with TLS that listens on this port of 127.0.0.1 */
export async function startNginx(site: (port: number) => string): Promise<Nginx> {
  mkdirSync(cacheDir(), { recursive: true });
  const { findProgram } = benchSchema.parse(await import(BENCH));
  const { file, env } = programSchema.parse(findProgram('nginx'));
  const dir = mkdtempSync(join(scratchDir(), 'nginx-'));
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${dir}/${kind};`,
  );
  const port = await freePort();
  const config = join(dir, 'nginx.conf');
  // One process as the tests' own user: a worker of another user could not write below the directory.
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${dir}/nginx.pid;\nevents {}\nhttp {\naccess_log off; ${places.join(' ')}\n${site(port)}\n}\n`,
  );
  const child = spawn(file, ['-p', dir, '-c', config, '-e', 'stderr'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await waitFor('nginx speaks TLS', START_MS, async () => {
      if (child.exitCode !== null) throw new Error(lastLines(said));
      await handshake(port, 'localhost');
      return true;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}
