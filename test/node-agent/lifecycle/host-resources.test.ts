// A host that is nearly out of disk or memory: no more starts, running sandboxes go on, operators see why.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { nodeStatsSchema } from '../../../shared/protocol/wire.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { until } from '../../support/until.ts';

const MIB = 1024 ** 2;
let disk = '';
let agent: TestAgent | undefined;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'tmpfleet-room-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
});
afterEach(async () => {
  await agent?.close();
  agent = undefined;
  execFileSync('umount', ['--lazy', disk]);
  rmSync(disk, { recursive: true, force: true });
});

const report = async () => nodeStatsSchema.parse(await (await fetch(`${agent?.url}/stats`)).json());

const spawn = async () => {
  const answer = await fetch(`${agent?.url}/api/spawn`, { method: 'POST' });
  return {
    status: answer.status,
    body: z.object({ url: z.string().optional(), token: z.string().optional() }).parse(await answer.json()),
  };
};

test('without room on the disk none is started, warm ones are given out; starts resume with room', async () => {
  agent = await startAgent({ dataDir: disk, capacity: '4', warm: '2', minFreeDisk: '4m', claimWait: '10m' });
  await agent.warm(2);
  expect(await report()).toMatchObject({ fleet: { cold: 2 } });
  const { bavail, bsize } = statfsSync(disk);
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(bavail * bsize - 3 * MIB));
  await until('the report has the problem', async () => (await report()).fleet?.problem);
  expect((await report()).fleet).toMatchObject({
    cold: 0,
    problem: expect.stringMatching(/disk.*min-free-disk is 4m/),
  });

  const claimed = [await spawn(), await spawn()];
  expect(claimed.map(({ status }) => status)).toEqual([200, 200]);
  // At once, though a claim may wait ten minutes for a start.
  expect((await spawn()).status).toBe(429);
  expect(agent.pool.status()).toMatchObject({ warm: 0, starting: 0, held: 2 });
  expect((await fetch(`${agent.url}${claimed[0]?.body.url}?token=${claimed[0]?.body.token}`)).status).toBe(
    200,
  );
  const metrics = await (await fetch(`${agent.controlUrl}/metrics`)).text();
  expect(metrics).toMatch(/^tmpfleet_starts_withheld(\{.*\})? 1$/m);

  rmSync(filler);
  await agent.warm(2);
  expect((await report()).fleet).toMatchObject({ cold: 0, warm: 2 });
  expect((await report()).fleet?.problem).toBeUndefined();
});

test('without memory none is started either', async () => {
  agent = await startAgent({ minFreeMemory: `${freemem() * 2}b` });
  expect((await report()).fleet).toMatchObject({
    ...{ warm: 0, starting: 0, cold: 0 },
    problem: expect.stringMatching(/MiB of memory are left, and min-free-memory is /),
  });
  expect((await spawn()).status).toBe(429);
});
