// An image registry of the suite's own that asks for a password: Debian's docker-registry on a free port of loopback, where Docker
// takes plain HTTP.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePackages } from './install.ts';
import { freePort } from './redis.ts';
import { run, waitFor } from './run.ts';

const START_MS = 20_000;

/** The path of docker-registry. */
export async function ensureRegistry(): Promise<string> {
  // The second has htpasswd.
  await ensurePackages(['docker-registry', 'apache2-utils']);
  return '/usr/bin/docker-registry';
}

export interface RegistryLab {
  /** `127.0.0.1:5000`, as references begin. */
  readonly host: string;
  stop(): Promise<void>;
}

export async function startRegistry(program: string, user: string, password: string): Promise<RegistryLab> {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  // Bcrypt is the only form that it takes; 4 is its lowest cost.
  writeFileSync(join(dir, 'htpasswd'), await run('htpasswd', ['-nbB', '-C', '4', user, password]));
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: host },
    auth: { htpasswd: { realm: 'lab', path: join(dir, 'htpasswd') } },
  };
  // JSON is YAML, too.
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config));
  const child = spawn(program, ['serve', join(dir, 'config.yml')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  await waitFor('the registry', START_MS, async () => {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    return answer?.status === 401 || undefined;
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { host, stop };
}
