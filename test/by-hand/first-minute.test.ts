// `npm ci && npm run demo`, the README's first line, on six machines: ready, or a clear word, within half a minute of the demo's
// start. By hand, because it takes ten minutes and a whole machine. It prints what each step took, and how busy the machine was.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { ensureDebianRoot } from '../lab/debian/root.ts';
import { ensureJupyterArchive } from '../lab/images/image-archive.ts';
import { buildJupyter, NOTEBOOK } from '../lab/images/jupyter-image.ts';
import { describeNeeding } from '../lab/needs.ts';
import { scratchDir } from '../lab/places.ts';
import { lastLines, progress, run } from '../lab/run.ts';
import { until } from '../support/until.ts';
import { homeOf, Machine, type User } from './machine.ts';

const MACHINE_MS = 420_000;
const READY_MS = 30_000;
const READY = /Click: +(\S+)/;

describeNeeding(['debian'], 'the first minute', () => {
  let machine: Machine | undefined;
  let work = '';
  let bare = '';
  let npm: Npm;
  beforeAll(async () => {
    bare = await ensureDebianRoot();
    work = mkdtempSync(join(scratchDir(), 'first-minute-'));
    npm = await prepareNpm(work);
  }, MACHINE_MS);
  afterAll(() => rmSync(work, { recursive: true, force: true }));
  afterEach(async () => {
    await machine?.stop();
    machine = undefined;
  });

  const start = async (lower: string): Promise<Machine> => {
    machine = await Machine.start(lower);
    return machine;
  };

  test('on a bare machine', { timeout: MACHINE_MS }, async () => {
    const demo = await demoOn(await start(bare), 'root');
    await demo.isReady(/processes of yours on loopback/);
  });

  test('behind a taken port', { timeout: MACHINE_MS }, async () => {
    const taken = await start(bare);
    await taken.shell(
      `/opt/node/bin/node -e "require('net').createServer().listen(9000, '127.0.0.1')" >/dev/null 2>&1 &`,
    );
    const demo = await demoOn(taken, 'root');
    await demo.ends(/port 9000 on 127\.0\.0\.1 is taken[\s\S]*--port/);
  });

  test('where Docker is down', { timeout: MACHINE_MS }, async () => {
    const down = await start(bare);
    await startDocker(down);
    await down.shell('kill -9 $(pidof dockerd containerd); [ -S /run/docker.sock ]');
    const demo = await demoOn(down, 'root');
    await demo.isReady(/processes of yours on loopback/);
  });

  test('where Docker is down and an image is named', { timeout: MACHINE_MS }, async () => {
    const down = await start(bare);
    await startDocker(down);
    await down.shell('kill -9 $(pidof dockerd containerd)');
    const demo = await demoOn(down, 'root', '-- --image an-image');
    await demo.ends(/Docker does not answer at [\s\S]*start Docker/);
  });

  test.each(['root', 'reader'] as const)('with Jupyter, as %s', { timeout: MACHINE_MS }, async (user) => {
    const lower = join(work, 'jupyter');
    if (!existsSync(lower)) {
      mkdirSync(lower);
      await run('tar', ['-xf', await buildJupyter(NOTEBOOK, work), '-C', lower, '--exclude=./dev/*']);
    }
    const demo = await demoOn(await start(lower), user);
    await demo.isReady(/processes of yours on loopback/, '[j]upyter-notebook');
    expect(demo.output()).not.toMatch(/scratchpad/);
  });

  test('with Docker and the image', { timeout: MACHINE_MS }, async () => {
    const { path, image } = await ensureJupyterArchive();
    const docker = await start(bare);
    await startDocker(docker);
    cpSync(path, docker.outside('/image.tar'));
    const name = nodeAgentOptions.image.default;
    await docker.shell(
      `docker load -q -i /image.tar && docker tag ${image} ${name} && rm /image.tar`,
      300_000,
    );
    const demo = await demoOn(docker, 'root');
    await demo.isReady(/hardened containers on Docker/);
  });

  test('with Docker that cannot pull the image', { timeout: MACHINE_MS }, async () => {
    const docker = await start(bare);
    await startDocker(docker);
    const demo = await demoOn(docker, 'root');
    await demo.ends(/base-notebook:latest could not be pulled[\s\S]*docker pull/);
  });

  const demoOn = async (on: Machine, user: User, more = ''): Promise<Demo> => {
    await on.give(user, npm.cache);
    return new Demo({ on, user, more, registry: npm.registry });
  };
});

interface Npm {
  readonly cache: string;
  /** What the packages in the cache are filed under. */
  readonly registry: string;
}

/** Packages of the project in a cache of npm's, so that machines without a network can install it. */
async function prepareNpm(work: string): Promise<Npm> {
  const dir = join(work, 'project');
  mkdirSync(dir);
  for (const file of ['package.json', 'package-lock.json', 'packaging']) {
    if (existsSync(file)) cpSync(file, join(dir, file), { recursive: true });
  }
  const [cache, registry] = await Promise.all(
    ['cache', 'registry'].map(async (name) => (await run('npm', ['config', 'get', name])).trim()),
  );
  await run('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--prefix', dir], { timeout: MACHINE_MS });
  rmSync(dir, { recursive: true, force: true });
  return { cache: cache ?? '', registry: registry ?? '' };
}

/** Debian's Docker from the packages at hand, without a service. */
async function startDocker(on: Machine): Promise<void> {
  await on.shell(
    `printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
     DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io iptables >/dev/null 2>&1
     dockerd >/var/log/dockerd.log 2>&1 &`,
    300_000,
  );
  const ask = 'docker version >/dev/null 2>&1 || { tail -n 3 /var/log/dockerd.log >&2; exit 1; }';
  await until('Docker answers', async () => (await on.shell(ask)) === '', 60_000);
}

interface DemoOptions {
  readonly on: Machine;
  readonly user: User;
  /** Further words of the line. */
  readonly more: string;
  readonly registry: string;
}

/** The README's line, typed on a machine. */
class Demo {
  readonly #on: Machine;
  readonly #user: User;
  readonly #child;
  #stepBegan = performance.now();
  readonly #loadBefore = loadavg()[0];
  #output = '';
  #startedMs: number | undefined;
  #over = false;
  readonly #times: string[] = [];

  constructor({ on, user, more, registry }: DemoOptions) {
    this.#on = on;
    this.#user = user;
    const [program = '', ...args] = on.command(
      `cd ${homeOf(user)}/tmpfleet && npm ci && npm run demo ${more}`,
      user,
      {
        npm_config_offline: 'true',
        npm_config_registry: registry,
      },
    );
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#note(/> predemo|added \d+ packages/, 'npm ci');
        this.#note(/^> tmpfleet@\S+ demo$/m, 'npm run build');
        if (this.#startedMs === undefined && this.#times.length === 2) this.#startedMs = performance.now();
      });
    }
    this.#child.once('close', () => {
      this.#over = true;
    });
  }

  output(): string {
    return this.#output;
  }

  /** It is ready in time, says this, has such a process (a pattern as of `Machine.pids`), a reader gets through to a kernel, and it leaves nothing when it is stopped. */
  async isReady(words: RegExp, running = '[m]ain.js demo'): Promise<void> {
    await this.#within(READY, 'ready');
    expect(this.#output).toMatch(words);
    expect(await this.#on.pids(running)).not.toEqual([]);
    const line = `cd ${homeOf(this.#user)}/tmpfleet && node dist/cli/main.js doctor --front http://127.0.0.1:9001 --url http://127.0.0.1:9000 || true`;
    const [program = '', ...args] = this.#on.command(line, this.#user);
    expect(await run(program, args)).toMatch(/, 0 failed/);
    await this.#stop();
  }

  /** It ends by itself in time, with these words. */
  async ends(words: RegExp): Promise<void> {
    await this.#within(words, 'a clear word');
    await until('it has ended', () => this.#over, READY_MS);
    expect(this.#output).not.toMatch(READY);
  }

  async #within(words: RegExp, what: string): Promise<void> {
    const seen = (): boolean => {
      const text = this.#output.slice(this.#output.indexOf('main.js demo'));
      if (this.#startedMs !== undefined && words.test(text)) return true;
      if (this.#over) throw new Error(`it ended:\n${lastLines(this.#output, 30)}`);
      return false;
    };
    await until(what, seen, MACHINE_MS);
    const tookMs = performance.now() - (this.#startedMs ?? 0);
    const load = [this.#loadBefore, loadavg()[0]].map((value) => value?.toFixed(1)).join(' to ');
    progress(
      `${expect.getState().currentTestName}: ${this.#times.join(', ')}, ${what} after ${seconds(tookMs)}; load ${load}\n${this.#output.slice(this.#output.indexOf('main.js demo'))}`,
    );
    expect(tookMs).toBeLessThan(READY_MS);
  }

  async #stop(): Promise<void> {
    const [demo = ''] = await this.#on.pids('^node.*[m]ain.js demo');
    await this.#on.shell(`kill -INT ${demo}`);
    await until('it has ended', () => this.#over, READY_MS);
    expect(this.#output).toContain('Nothing is left behind.');
    expect(await this.#on.pids('[m]ain.js')).toEqual([]);
    expect(await this.#on.pids('[j]upyter')).toEqual([]);
    expect(await this.#on.shell('ls -d /tmp/tmpfleet-* 2>/dev/null || true')).toBe('');
  }

  #note(pattern: RegExp, what: string): void {
    const isNext = (what === 'npm ci') === (this.#times.length === 0);
    if (this.#times.length > 1 || !isNext || !pattern.test(this.#output)) return;
    this.#times.push(`${what} ${seconds(performance.now() - this.#stepBegan)}`);
    this.#stepBegan = performance.now();
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
