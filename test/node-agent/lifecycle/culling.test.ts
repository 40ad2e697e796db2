// Sandboxes that look idle are asked what their kernels do. One that does not answer delays nothing else.
import { afterEach, expect, test } from 'vitest';
import { TINY_SERVER } from '../../lab/images/tiny-image.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { processesWith } from '../../support/processes.ts';
import { spawnSandbox } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const command = `'${process.execPath}' ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
let agent: TestAgent;
let isOpen = false;
afterEach(async () => {
  if (isOpen) await agent.close();
});

/** Claims a sandbox, and uses it once. */
async function use(): Promise<string> {
  const { base, headers } = await spawnSandbox(agent.url);
  expect((await fetch(`${base}echo`, { headers })).status).toBe(200);
  return /user\/([^/]+)/.exec(base)?.[1] ?? '';
}

test('a sandbox that does not say what its kernels do holds up neither the end of another nor a stop', async () => {
  agent = await startAgent({ capacity: '2', idle: '1s', cullInterval: '100ms', command });
  isOpen = true;
  await agent.warm(2);
  const silent = await use();
  const [pid = 0] = processesWith(`--base-path\0/user/${silent}`);
  process.kill(pid, 'SIGSTOP');
  // After this time it is asked, at the latest.
  const asked = agent.pool.time.now() + 1_500;
  await until('it was asked', () => agent.pool.time.now() > asked);
  const other = await use();
  await until('the other is gone', () => agent.pool.table.get(other) === undefined);
  expect(agent.pool.table.get(silent)?.state).toBe('active');

  const began = performance.now();
  await agent.close();
  isOpen = false;
  expect(performance.now() - began).toBeLessThan(5_000);
});
