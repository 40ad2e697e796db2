// What the notebook, or the kernel, of a hostile image can do to the node that primes it (--prime).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

const SERVER = fileURLToPath(new URL('../support/prime-server.mjs', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-hostile-prime-'));
let agent: TestAgent | undefined;
afterEach(async () => {
  await agent?.close();
  agent = undefined;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function start(fault: string): Promise<TestAgent> {
  const primeCell = join(dir, 'cell.py');
  writeFileSync(primeCell, 'x = 1');
  const command = `${process.execPath} ${SERVER} /{base_path}/ {ip} {port} ${fault}`;
  agent = await startAgent({ command, capacity: '1', warm: '1', prime: 'intro.ipynb', primeCell });
  return agent;
}

test('the largest notebook does not hold up the node while its kernel is looked for', async () => {
  const stalls = monitorEventLoopDelay();
  stalls.enable();
  await (await start('notebook')).warm(1);
  // Parsing it at one time took four to fourteen seconds, and up to two gigabytes.
  expect(stalls.max / 1e6).toBeLessThan(2_000);
});

test('a kernel that talks without end while it is primed is a failed start', async () => {
  const { log } = await start('output');
  await until('a start has failed', () => log().includes('--prime-cell: it prints too much'));
});
