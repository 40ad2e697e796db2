// Seen: the server in a warm sandbox was stopped or killed while its container went on running. Readers got it: a 503 or a
// page that never came, and their cookie led them back to it while healthy ones waited. Why: a warm sandbox was probed
// only once, at its start. Holds now: warm ones are probed again, regularly and when they are given out; one that was
// claimed, never used and does not answer is replaced at the reader's next click.
import Docker from 'dockerode';
import { afterEach, expect, test } from 'vitest';
import { LABELS } from '../../node-agent/engine/docker/names.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { processesWith } from '../support/processes.ts';
import { Reader } from '../support/reader.ts';
import { ShiftedClock } from '../support/shifted-clock.ts';
import { until } from '../support/until.ts';

const TINY = `'${process.execPath}' ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
/** Only the server ends: the process that the engine watches goes on. */
const SERVER_BESIDE = `${TINY} & sleep 100000`;

let agent: TestAgent;
let clock: ShiftedClock;
const start = async (flags: Record<string, string>): Promise<void> => {
  clock = new ShiftedClock();
  agent = await startAgent(flags, {}, clock);
};
afterEach(() => agent.close());

const warmIds = (): readonly string[] => agent.pool.table.inState('warm').map(({ id }) => id);
/** The process of the server in a sandbox. */
const serverOf = (id: string): number => {
  const [pid] = processesWith(`--base-path\0/user/${id}`);
  if (pid === undefined) throw new Error('that sandbox has no server');
  return pid;
};
/** Longer than the test: no answer counts as fresh. */
const grow = (): void => clock.pass(10_000);

test.each(['SIGSTOP', 'SIGKILL'] as const)('a warm server that got %s is not given out', async (signal) => {
  await start({ capacity: '2', command: SERVER_BESIDE });
  await agent.warm(2);
  const [first = '', second] = warmIds();
  process.kill(serverOf(first), signal);
  grow();
  const landed = await new Reader().click(`${agent.url}/`);
  expect(landed).toMatchObject({ status: 200, sandbox: second });
  await until('it is replaced', () => agent.pool.table.get(first) === undefined);
  expect(agent.pool.table.endings()).toEqual({ unresponsive: 1 });
});

test('a reader waits no longer than some seconds where no warm server answers', async () => {
  await start({ capacity: '3', command: SERVER_BESIDE });
  await agent.warm(3);
  for (const id of warmIds()) process.kill(serverOf(id), 'SIGSTOP');
  grow();
  const began = performance.now();
  const landed = await new Reader().click(`${agent.url}/`);
  expect(performance.now() - began).toBeLessThan(9_000);
  // Either a fresh one by then, or a clear refusal; never one that hangs.
  expect([200, 503]).toContain(landed.status);
});

test('a warm server that stops is found and replaced without any reader', async () => {
  await start({ capacity: '2', command: SERVER_BESIDE });
  await agent.warm(2);
  const [first = '', second = ''] = warmIds();
  process.kill(serverOf(first), 'SIGKILL');
  clock.pass(31_000);
  await until('it is replaced', () => agent.pool.table.get(first) === undefined);
  await agent.warm(2);
  expect(warmIds()).toContain(second);
  expect(agent.pool.table.endings()).toEqual({ unresponsive: 1 });
});

test('one that was claimed, never used and stopped is replaced at the next click; one in use is not', async () => {
  await start({ capacity: '3', command: SERVER_BESIDE });
  await agent.warm(3);
  const reader = new Reader();
  const { sandbox = '' } = await reader.click(`${agent.url}/`, /\/user\//);
  expect(agent.pool.table.get(sandbox)?.state).toBe('claimed');
  process.kill(serverOf(sandbox), 'SIGKILL');
  grow();
  const landed = await reader.click(`${agent.url}/`);
  expect(landed.status).toBe(200);
  expect(landed.sandbox).not.toBe(sandbox);
  process.kill(serverOf(landed.sandbox ?? ''), 'SIGKILL');
  grow();
  expect((await reader.click(`${agent.url}/`, /\/user\//)).sandbox).toBe(landed.sandbox);
});

describeNeeding(['docker'], 'with Docker', ({ docker }) => {
  const client = new Docker({ socketPath: docker.socketPath });

  test('a paused container is not given out, and is removed', async () => {
    const place = { engine: 'docker', dockerHost: docker.host, nodeId: 'paused', pull: 'never' };
    await start({ ...place, capacity: '2', image: docker.tinyImage, command: docker.tinyCommand });
    await agent.warm(2);
    const [first = '', second] = warmIds();
    const filters = JSON.stringify({ label: [`${LABELS.sandbox}=${first}`] });
    const [container] = await client.listContainers({ filters });
    await client.getContainer(container?.Id ?? '').pause();
    grow();
    const landed = await new Reader().click(`${agent.url}/`);
    expect(landed).toMatchObject({ status: 200, sandbox: second });
    await until('it is removed', () => agent.pool.table.get(first) === undefined);
    expect(agent.pool.table.endings()).toEqual({ unresponsive: 1 });
  });

  test('a server that is killed inside a running container is not given out', async () => {
    const place = { engine: 'docker', dockerHost: docker.host, nodeId: 'killed', pull: 'never' };
    const command = `${docker.tinyCommand} & node -e 'setInterval(String, 1e9)'`;
    await start({ ...place, capacity: '2', image: docker.tinyImage, command });
    await agent.warm(2);
    const [first = '', second] = warmIds();
    process.kill(serverOf(first), 'SIGKILL');
    grow();
    expect(await new Reader().click(`${agent.url}/`)).toMatchObject({ status: 200, sandbox: second });
  });
});
