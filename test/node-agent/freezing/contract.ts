// What a reader, an operator and a restart find of a node that freezes unused sandboxes, whatever its engine: one suite for both.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { type SpawnedSandbox, spawnSandbox } from '../../support/program.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

/** Frozen soon after each use, and again only when it has been left alone for a while. */
const SOON = { freezeAfter: '1s', idle: '1h', cullInterval: '200ms', keepBusy: false };

/** @param flags of a node whose sandboxes are tiny servers (test/lab/images/tiny-server.mjs) */
export function freezingContract(title: string, flags: Readonly<Record<string, string>>): void {
  describe(title, () => {
    let agent: TestAgent | undefined;
    const runs: Run[] = [];
    afterEach(async () => {
      await agent?.close();
      agent = undefined;
      for (const run of runs.splice(0)) await run.stop();
    });

    const start = async (more: Readonly<Record<string, string | boolean>> = {}): Promise<TestAgent> => {
      agent = await startAgent({ ...flags, ...SOON, capacity: '1', ...more });
      return agent;
    };
    const use = async (sandbox: SpawnedSandbox): Promise<number> => {
      const answer = await fetch(`${sandbox.base}echo`, { headers: sandbox.headers });
      await answer.text();
      return answer.status;
    };
    /** A sandbox whose reader has used it once, by now frozen. */
    const frozenSandbox = async ({ url, pool }: TestAgent): Promise<SpawnedSandbox> => {
      const sandbox = await spawnSandbox(url);
      expect(await use(sandbox)).toBe(200);
      await until('it is frozen', () => pool.table.get(sandbox.id)?.frozen === true);
      return sandbox;
    };
    const open = async ({ base, headers }: SpawnedSandbox, name = 'ws'): Promise<WebSocket> => {
      const socket = new WebSocket(`${base.replace('http', 'ws')}${name}`, { headers });
      onTestFinished(() => socket.terminate());
      await once(socket, 'open');
      return socket;
    };
    const numberOf = async ({ controlUrl }: TestAgent, name: string): Promise<number> => {
      const text = await (await fetch(`${controlUrl}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
    };

    test('an unused sandbox is frozen, shown as such, held all the same, and answers its reader’s request', async () => {
      const node = await start();
      const sandbox = await frozenSandbox(node);
      await until('it is counted', async () => (await numberOf(node, 'tmpfleet_freezes_total')) === 1);
      expect(node.pool.status()).toMatchObject({ held: 1, warm: 0 });
      expect(await (await fetch(`${node.url}/stats`)).json()).toMatchObject({
        fleet: { held: 1, frozen: 1 },
      });
      expect(await (await fetch(`${node.controlUrl}/api/sandboxes/${sandbox.id}`)).json()).toMatchObject({
        ...{ state: 'active', frozen: true, end_reason: null },
      });
      expect(await numberOf(node, 'tmpfleet_frozen_sandboxes')).toBe(1);

      expect(await use(sandbox)).toBe(200);
      await until('it is thawed', () => node.pool.table.get(sandbox.id)?.frozen === false);
      expect(await numberOf(node, 'tmpfleet_thaw_seconds_count')).toBe(1);
      expect(node.pool.table.endings()).toEqual({});
    });

    test('a WebSocket stays open: pings are answered, and a message thaws the sandbox, which answers', async () => {
      const node = await start();
      const sandbox = await spawnSandbox(node.url);
      const socket = await open(sandbox);
      socket.send('before');
      expect(String((await once(socket, 'message'))[0])).toBe('before');
      await until('it is frozen', () => node.pool.table.get(sandbox.id)?.frozen === true);
      await until('that is done', async () => (await numberOf(node, 'tmpfleet_freezes_total')) === 1);
      socket.ping('still there?');
      expect(String((await once(socket, 'pong'))[0])).toBe('still there?');
      expect(node.pool.table.get(sandbox.id)?.frozen).toBe(true);
      socket.send('after');
      expect(String((await once(socket, 'message'))[0])).toBe('after');
      expect(socket.readyState).toBe(WebSocket.OPEN);
    });

    test('a frozen sandbox ends when an operator, its reader’s absence, or a drain ends it', async () => {
      const node = await start();
      const drain = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"deadline":"100ms"}',
      };
      const ends: Readonly<Record<string, (id: string) => unknown>> = {
        deleted: (id) => fetch(`${node.controlUrl}/api/sandboxes/${id}`, { method: 'DELETE' }),
        idle: () => node.reload({ idle: '1500ms' }),
        drained: () => fetch(`${node.controlUrl}/api/drain`, drain),
      };
      for (const [reason, end] of Object.entries(ends)) {
        const sandbox = await frozenSandbox(node);
        await end(sandbox.id);
        await until(`it is gone: ${reason}`, () => node.pool.table.get(sandbox.id) === undefined);
        expect(node.pool.table.endedAs(sandbox.id)).toBe(reason);
        node.reload({ idle: '1h' });
      }
      expect(node.pool.status().failedRemovals).toBe(0);
    });

    test('an operator sees what a frozen one has printed, and runs a command in it', async () => {
      const node = await start();
      const { id } = await frozenSandbox(node);
      const at = `${node.controlUrl}/api/sandboxes/${id}`;
      expect((await fetch(`${at}/output`)).status).toBe(200);
      await until('it is thawed', () => node.pool.table.get(id)?.frozen === false);
      const command = JSON.stringify({ command: ['sh', '-c', 'echo it runs'] });
      const ran = await fetch(`${at}/exec`, { method: 'POST', body: command });
      expect(await ran.text()).toContain('it runs');
    });

    test('after kill -9 and a restart it is still frozen, and answers its reader', async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-frozen-'));
      onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
      const run = async (port: string, ...more: string[]) => {
        const named = Object.entries({ engine: 'local', ...flags, nodeId: 'frozen-restart' }).flatMap(
          ([name, value]) => [`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, value],
        );
        const started = tmpfleet([
          ...['node-agent', ...named, '--capacity', '1', '--idle', '1h', '--log-format', 'json'],
          ...['--host', '127.0.0.1', '--port', port, '--control-port', '0', '--data-dir', dataDir, ...more],
        ]);
        runs.push(started);
        const [, url = '', control = ''] = await started.printed(
          /"url":"(http:[^"]+)","control":"(http:[^"]+)"/,
          60_000,
        );
        return { started, url, control };
      };
      const first = await run('0', '--freeze-after', '1s', '--cull-interval', '200ms', '--no-keep-busy');
      const sandbox = await spawnSandbox(first.url);
      expect(await use(sandbox)).toBe(200);
      const stateAt = async (control: string) =>
        (await (await fetch(`${control}/api/sandboxes/${sandbox.id}`)).json()) as { frozen: boolean };
      await until('it is frozen', async () => (await stateAt(first.control)).frozen);
      await until('that is done', async () =>
        (await (await fetch(`${first.control}/metrics`)).text()).includes(
          'tmpfleet_freezes_total{outcome="frozen",program="node-agent"} 1',
        ),
      );
      first.started.process.kill('SIGKILL');
      await first.started.ended;

      // Without --freeze-after: what the run before has left must not wait for ever.
      const second = await run(new URL(first.url).port, '--ephemeral');
      expect(await stateAt(second.control)).toMatchObject({ frozen: true, state: 'active' });
      expect(await use(sandbox)).toBe(200);
      // The sandbox answers a moment before the engine says that it goes on.
      await until('it is said to go on', async () => !(await stateAt(second.control)).frozen);
    });
  });
}
