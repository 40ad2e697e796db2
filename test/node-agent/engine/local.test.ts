// What child processes add to the contract: pids that are used again, process groups that do not end.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { LocalEngine } from '../../../node-agent/engine/local/engine.ts';
import { startTime } from '../../../node-agent/engine/local/processes.ts';
import { newSpec } from '../../contract/engine-contract.ts';
import { localHost } from '../../contract/local-host.ts';
import { processesWith } from '../../support/processes.ts';
import { until } from '../../support/until.ts';

const ENGINE = new URL('../../../dist/node-agent/engine/local/engine.js', import.meta.url).href;

/** Prints a line, then starts 20 at once. Uses the build: Node 20 runs no TypeScript. */
const AGENT = `
import { randomBytes } from 'node:crypto';
import { LocalEngine } from '${ENGINE}';
const quiet = { warn() {}, info() {}, error() {}, debug() {} };
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const { DATA_DIR: dataDir, NODE_ID: nodeId } = process.env;
const config = { command: 'sleep 1000', extraEnv: [], prime: [], primeCell: '', dataDir };
const engine = new LocalEngine(config, { nodeId, logger: quiet, clock, env: process.env });
await engine.open(() => undefined);
console.log('open');
for (let i = 0; i < 20; i += 1) engine.start({ id: randomBytes(16).toString('hex'), token: 't' });
`;

describe('the local engine', () => {
  const host = localHost();
  const node = 'local-test';
  const engines: LocalEngine[] = [];
  const open = async (command: string): Promise<LocalEngine> => {
    const engine = host.engine(node, command);
    engines.push(engine);
    await engine.open(() => undefined);
    return engine;
  };
  const recordPath = (id: string): string => join(host.dataDir, 'local', `${id}.json`);
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close({ purge: true });
  });
  afterAll(() => host.remove());

  test('a process that got the pid of a dead sandbox is neither mistaken for it nor killed', async () => {
    const engine = await open('sleep 1000');
    const spec = newSpec();
    await engine.start(spec);
    const record = await readFile(recordPath(spec.id), 'utf8');
    const pid = await host.pidOf(spec.id);
    await host.kill(spec.id);
    await until('it is dead', async () => (await startTime(pid)) === undefined);
    // At least a clock tick later, as every process that gets a used pid is.
    const innocent = await until('another process has started at another time', async () => {
      const other = spawn('sleep', ['1000'], { detached: true });
      if (!record.includes(`"${await startTime(other.pid ?? 0)}"`)) return other;
      other.kill('SIGKILL');
      return false;
    });
    await writeFile(recordPath(spec.id), record.replace(`"pid":${pid}`, `"pid":${innocent.pid}`));
    expect((await engine.list()).map(({ running }) => running)).toEqual([false]);
    await engine.remove(spec.id);
    expect(await startTime(innocent.pid ?? 0)).toBeDefined();
    expect(await engine.list()).toEqual([]);
    innocent.kill('SIGKILL');
  });

  test('a start only recorded when the agent died is listed as not running, and is removed', async () => {
    const engine = await open('sleep 1000');
    const { id } = newSpec();
    const intent = { id, node, port: 40_000, image: 'command:x', createdAt: 1 };
    await writeFile(recordPath(id), JSON.stringify(intent));
    expect(await engine.list()).toMatchObject([{ id, running: false, address: undefined }]);
    await engine.remove(id);
    expect(await engine.list()).toEqual([]);
  });

  test('children that ignore SIGTERM and outlive their parent are ended with it; its home goes too', async () => {
    const engine = await open(`sh -c 'trap "" TERM; echo > $HOME/ready; sleep 4321 & sleep 4322; wait'`);
    const spec = newSpec();
    await engine.start(spec);
    const home = join(host.dataDir, 'local', spec.id);
    await until('it runs', () => existsSync(join(home, 'ready')) && processesWith(home).length >= 3);
    process.kill(await host.pidOf(spec.id), 'SIGKILL');
    await until('only the children run', async () => (await engine.list())[0]?.running === false);
    expect(processesWith(home).length).toBeGreaterThan(0);
    await engine.remove(spec.id);
    expect(processesWith(home)).toEqual([]);
    expect(existsSync(home)).toBe(false);
  });

  test('an unreadable record is left alone, and hides no other', async () => {
    const engine = await open('sleep 1000');
    const spec = newSpec();
    await engine.start(spec);
    await writeFile(recordPath('broken'), 'not JSON');
    expect((await engine.list()).map(({ id }) => id)).toEqual([spec.id]);
    await rm(recordPath('broken'));
  });

  test('an agent killed while it starts sandboxes leaves no process unknown to the next one', async () => {
    for (const ms of [0, 10, 25, 50, 90]) {
      const agent = spawn(process.execPath, ['--input-type=module', '-e', AGENT], {
        env: { ...process.env, DATA_DIR: host.dataDir, NODE_ID: node },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => agent.stdout.once('data', resolve));
      await delay(ms);
      agent.kill('SIGKILL');
      const next = await open('sleep 1000');
      const homes = join(host.dataDir, 'local');
      await until('every process is on record', async () => {
        const running = (await next.list()).filter((sandbox) => sandbox.running);
        const known = await Promise.all(running.map(({ id }) => host.pidOf(id)));
        return processesWith(`HOME=${homes}`).every((pid) => known.includes(pid));
      });
      await next.close({ purge: true });
      // A process that was forked but was not the shell yet ends as soon as it is.
      await until('nothing is left', async () => (await host.leftovers(node)).length === 0);
    }
  });
});
