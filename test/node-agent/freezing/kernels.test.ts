// The node itself asks a frozen sandbox nothing: the question would wait for an answer until it seems hung.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { useByKernels } from '../../../node-agent/lifecycle/kernel-activity.ts';
import { SteadyClock } from '../../../node-agent/sandboxes/steady-clock.ts';
import { createSandbox } from '../../../node-agent/sandboxes/table.ts';
import { systemClock } from '../../../shared/clock.ts';

test('its kernels are asked while it runs, and not while it is frozen', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end('[{"last_activity":"2026-01-01T00:00:00Z","execution_state":"busy"}]');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const time = new SteadyClock(systemClock);
  const used: string[] = [];
  const pool = { time, use: (id: string) => used.push(id) };
  const question = { pool, clock: systemClock, config: { stripPrefix: false } };
  const sandbox = {
    ...createSandbox({ image: 'i', recipe: 'r', createdAt: time.now() }),
    ...{ state: 'active' as const, address: { host: '127.0.0.1', port } },
  };
  await useByKernels(sandbox, question);
  await useByKernels({ ...sandbox, frozen: true }, question);
  expect([asked, used.length]).toEqual([1, 1]);
});
