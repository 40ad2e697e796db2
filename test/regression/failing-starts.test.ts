// Seen: a node on which no sandbox ever started reported "cold 50" and no problem, so the front sent it half of a burst, and
// of those readers waited ten seconds to be refused; the log said only "connect ECONNREFUSED". Holds now: after three
// failures in a row a node reports no cold room, and the reason: the exit code and the last output of the sandbox.
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { nodeStatsSchema, parseJson } from '../../shared/protocol/wire.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

const licence = join(tmpdir(), `tmpfleet-licence-${process.pid}`);
const TINY = `'${process.execPath}' ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
const COMMAND = `[ -e ${licence} ] || { echo; printf '\\033[31mno licence for {token}\\033[0m\\n' >&2; exit 3; }; ${TINY}`;
const WORDS = 'it exited with code 3; its last words: "no licence for [token]"';

let agent: TestAgent;
afterEach(async () => {
  await agent.close();
  rmSync(licence, { force: true });
});

const report = async () => {
  const { fleet } = parseJson(await (await fetch(`${agent.url}/stats`)).text(), nodeStatsSchema, 'stats');
  return fleet;
};
const told = () =>
  until('the node reports the reason', async () => {
    const fleet = await report();
    return fleet?.problem !== undefined && fleet;
  });

test('a node on which nothing starts has no cold room, says why, and recovers by itself', async () => {
  agent = await startAgent({ capacity: '50', warm: '2', command: COMMAND });
  const fleet = await told();
  expect(fleet.problem).toContain(`no sandbox starts: ${WORDS}`);
  expect(fleet.cold).toBe(0);
  const began = performance.now();
  expect((await new Reader().click(`${agent.url}/`)).status).toBe(503);
  expect(performance.now() - began).toBeLessThan(5_000);
  writeFileSync(licence, '');
  await agent.warm(2);
  expect(await report()).toMatchObject({ warm: 2, cold: 48 });
  expect((await report())?.problem).toBeUndefined();
});

test('a node with --warm 0 recovers as well', async () => {
  agent = await startAgent({ capacity: '5', warm: '0', command: COMMAND });
  const refused = await Promise.all([1, 2, 3].map(() => new Reader().click(`${agent.url}/`)));
  expect(refused.map(({ status }) => status)).toEqual([503, 503, 503]);
  await told();
  writeFileSync(licence, '');
  await until('it has room again', async () => (await report())?.cold === 5);
  expect((await new Reader().click(`${agent.url}/`)).status).toBe(200);
});

describeNeeding(['docker'], 'with Docker', ({ docker }) => {
  test('the reason has the exit code and the last output of the container', async () => {
    const command = '{ echo one; echo "no licence for {token}"; } >&2; exit 3';
    const place = { engine: 'docker', dockerHost: docker.host, nodeId: 'failing', pull: 'never' };
    agent = await startAgent({ ...place, image: docker.tinyImage, command });
    expect((await told()).problem).toMatch(
      /it exited with code 3; its last words: "one \| no licence for \[token\]"/,
    );
  });
});
