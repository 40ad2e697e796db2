// A Docker that hangs and is then restarted below a node with readers: what readers and the front notice.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LABELS } from '../../../node-agent/engine/docker/names.ts';
import { nodeStatsSchema } from '../../../shared/protocol/wire.ts';
import { type DockerLab, startDocker } from '../../lab/docker/docker.ts';
import { importTiny, TINY_COMMAND } from '../../lab/images/images.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { Reader } from '../../support/reader.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

const CAPACITY = 6;
/** Longer than the deadline of every frequent call, so that each kind of call meets the hanging Docker. */
const PAUSE_MS = 30_000;
const WHOLE_AGAIN_MS = 30_000;
const QUICK_MS = 100;

describeNeeding(['docker'], 'a node whose Docker', () => {
  let lab: DockerLab;
  let agent: Run;
  let url = '';
  const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-away-'));

  const begin = async (liveRestore: boolean): Promise<void> => {
    lab = await startDocker({ network: 'own', liveRestore });
    const image = await importTiny(lab);
    agent = tmpfleet(
      [
        ...[
          'node-agent',
          '--engine',
          'docker',
          '--docker-host',
          lab.host,
          '--image',
          image,
          '--pull',
          'never',
        ],
        ...['--command', TINY_COMMAND, '--capacity', String(CAPACITY), '--node-id', 'away'],
        ...['--host', lab.address ?? '', '--port', '0', '--control-port', '0', '--data-dir', dataDir],
        ...['--log-format', 'json', '--ephemeral'],
      ],
      {},
      lab.enter,
    );
    [, url = ''] = await agent.printed(/"url":"(http:[^"]+)","control"/, 60_000);
    await whole(0);
  };
  beforeEach(() => rmSync(dataDir, { recursive: true, force: true }));
  afterEach(async () => {
    await agent.stop();
    await lab.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  const stats = async () => {
    const { fleet } = nodeStatsSchema.parse(await (await fetch(`${url}/stats`)).json());
    if (fleet === undefined) throw new Error('the node reports no fleet object');
    return fleet;
  };
  const whole = (held: number, ms = 90_000) =>
    until(
      `${held} held, all others warm`,
      async () => {
        const { warm, held: now, removing } = await stats();
        return now === held && warm === CAPACITY - held && removing === 0;
      },
      ms,
    );
  const click = () => new Reader().click(`${url}/tree`);
  const containers = async (): Promise<number> => {
    const filters = JSON.stringify({ label: [`${LABELS.node}=away`] });
    return (await lab.client.listContainers({ all: true, filters })).length;
  };

  test('hangs and is then restarted still answers /stats, gives out warm ones, and recovers', {
    timeout: 240_000,
  }, async () => {
    await begin(false);
    const first = await click();
    await whole(1);
    lab.pause();
    const waits: number[] = [];
    const paused = performance.now();
    const second = await click();
    const third = await click();
    expect([first, second, third].map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set([first, second, third].map(({ sandbox }) => sandbox)).size).toBe(3);
    while (performance.now() - paused < PAUSE_MS) {
      const asked = performance.now();
      expect((await stats()).held).toBe(3);
      waits.push(performance.now() - asked);
      await delay(100);
    }
    waits.sort((one, other) => one - other);
    process.stderr.write(
      `docker away: /stats asked ${waits.length} times, median ${waits[waits.length >> 1]?.toFixed(1)} ms, longest ${waits.at(-1)?.toFixed(1)} ms\n`,
    );
    expect(waits[Math.floor(waits.length * 0.95)]).toBeLessThan(QUICK_MS);
    lab.resume();
    await lab.restart();
    const back = performance.now();
    // Their sandboxes ended with the daemon: no live-restore.
    await whole(0, WHOLE_AGAIN_MS);
    process.stderr.write(
      `docker away: whole again after ${((performance.now() - back) / 1000).toFixed(1)} s\n`,
    );
    expect(await containers()).toBe(CAPACITY);
    const { ended } = await stats();
    // Docker ends them with a signal, and some of their servers end well at it.
    const { crashed = 0, killed = 0, quit = 0 } = ended;
    expect(crashed + killed + quit).toBeGreaterThanOrEqual(3);
    expect((await click()).status).toBe(200);
  });

  test('is restarted while its containers live on loses no reader', { timeout: 180_000 }, async () => {
    await begin(true);
    const reader = new Reader();
    const before = await reader.click(`${url}/tree`);
    await whole(1);
    await lab.restart();
    expect((await reader.click(before.url)).status).toBe(200);
    const newcomer = await click();
    expect(newcomer.status).toBe(200);
    await whole(2, WHOLE_AGAIN_MS);
    expect((await reader.click(`${url}/tree`)).sandbox).toBe(before.sandbox);
    expect(await containers()).toBe(CAPACITY);
    expect((await stats()).ended).toEqual({});
  });
});
