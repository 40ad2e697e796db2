// Places processes on cores: servers on core 0, load and stand-ins on the rest; and ends all of them afterwards.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

export class Places {
  pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bench-'));
  #children = new Set();

  /** @param core `server` or `other` @param options as of child_process.spawn */
  spawn(core, command, args, options = {}) {
    const [file, ...rest] = this.onCore(core, command, args);
    const child = spawn(file, rest, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** A Node program that sends a message once it is ready. */
  async program(core, args, env = {}) {
    const child = this.spawn(core, process.execPath, args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...withoutOurs(process.env), ...env },
    });
    const hello = await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)));
    });
    return { child, hello };
  }

  onCore(core, command, args) {
    if (!this.pinned) return [command, ...args];
    const cores = availableParallelism();
    const list = core === 'server' ? '0' : cores === 2 ? '1' : `1-${cores - 1}`;
    return ['taskset', '-c', list, command, ...args];
  }

  async close() {
    const gone = [...this.#children].map((child) => {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
      return exited;
    });
    await Promise.all(gone);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Removes the environment of a fleet that the person at the keyboard may have. */
function withoutOurs(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TMPFLEET_')));
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
