// A Caddy from Debian's package in front of a server on this machine, as TLS terminator: its own authority signs, for the name and
// for all names below it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { ensurePackages } from './install.ts';
import { scratchDir } from './places.ts';
import { freePort } from './redis.ts';
import { lastLines, waitFor } from './run.ts';

export interface Caddy {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
}

const START_MS = 30_000;

/** @param upstream `127.0.0.1:8000` */
export async function startCaddy(name: string, upstream: string): Promise<Caddy> {
  await ensurePackages(['caddy']);
  const dir = mkdtempSync(join(scratchDir(), 'caddy-'));
  const port = await freePort();
  const config = join(dir, 'Caddyfile');
  writeFileSync(
    config,
    `{
	admin off
	auto_https disable_redirects
	skip_install_trust
	storage file_system ${dir}
}
${name}:${port}, *.${name}:${port} {
	bind 127.0.0.1
	tls internal
	reverse_proxy ${upstream}
}
`,
  );
  const child = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', config], {
    env: { PATH: process.env.PATH ?? '', HOME: dir },
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
    await waitFor('Caddy has certificates', START_MS, async () => {
      if (child.exitCode !== null) throw new Error(lastLines(said));
      await Promise.all([name, `a.${name}`].map((servername) => handshake(port, servername)));
      return true;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

/** Rejects unless a server speaks TLS on this port of 127.0.0.1. */
export function handshake(port: number, servername: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
