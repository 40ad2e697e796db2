// Two thousand nodes: they are polled in a thread of its own, with the same reasons for failures, and without it when it fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Fleet } from '../../../redirector/nodes/fleet.ts';
import { Poller } from '../../../redirector/polling/poller.ts';
import { nodesSchema } from '../../../shared/api/node.ts';
import { systemClock, systemRandom } from '../../../shared/clock.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';
import { navigate, silent } from '../support.ts';

const NODES = 2_000;
/** Slower than usual: where two suites share two cores, a thousand answers a second would come too late, and nodes be lost. ms */
const INTERVAL_MS = 6_000;
const TIMEOUT_MS = 10_000;
let seq = 0;
let server: Server;
let dir = '';
let run: Run | undefined;
let poller: Poller | undefined;

beforeAll(async () => {
  // Every address of loopback is a node of its own.
  server = createServer(({ headers }, response) => {
    const [node = ''] = (headers.host ?? '').split(':');
    seq += 1;
    const counts = { warm: 2, starting: 0, held: 0, removing: 0, capacity: 2 };
    const fleet = {
      ...{ protocol: 1, node, boot: 'boot', seq, state: 'ready', image: 'x', claims: 0, load: 0 },
      ...{ ...counts, ended: {}, seen: {} },
    };
    response.end(
      node === '127.0.0.1' ? '<h1>It works!</h1>' : JSON.stringify({ available: 2, capacity: 2, fleet }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
afterEach(async () => {
  await run?.stop();
  await poller?.stop();
  [run, poller] = [undefined, undefined];
  if (dir !== '') rmSync(dir, { recursive: true });
  dir = '';
});

/** One where nothing listens. */
function members(): readonly { readonly id: string; readonly url: string }[] {
  const { port } = server.address() as AddressInfo;
  const all = Array.from({ length: NODES }, (_, n) => ({
    id: `n${n}`,
    url: `http://127.0.${Math.floor(n / 250)}.${1 + (n % 250)}:${port}`,
  }));
  return [...all, { id: 'refused', url: `http://127.0.0.1:1` }];
}

test('all nodes are polled, and the reason of a failing one is reported as without the thread', async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-many-'));
  writeFileSync(join(dir, 'nodes.json'), JSON.stringify({ nodes: members() }));
  const flags = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', dir];
  const pace = ['--poll-interval', `${INTERVAL_MS}ms`, '--poll-timeout', `${TIMEOUT_MS}ms`];
  run = tmpfleet(['redirector', ...flags, ...pace, '--log-format', 'json'], {
    TMPFLEET_SECRET: 'a-secret-of-the-test-fleet',
  });
  const [, url = '', control = ''] = await run.printed(
    /"url":"(http:[^"]+)","control":"(http:[^"]+)"/,
    30_000,
  );
  await run.printed(/polling moves to a thread of its own/, 30_000);
  const nodes = async () => nodesSchema.parse(await (await fetch(`${control}/api/nodes`)).json()).nodes;
  await until('all but two are reachable', async () => {
    const answers = (await nodes()).map((node) => node.reachability);
    return (
      answers.filter((answer) => answer === 'reachable').length === NODES - 1 && !answers.includes('unknown')
    );
  });
  const reasons = new Map((await nodes()).map((node) => [node.id, node.unreachable_reason]));
  expect(reasons.get('n0')).toMatch(/not JSON: <h1>/);
  expect(reasons.get('refused')).toMatch(/ECONNREFUSED/);
  const answer = await navigate(`${url}/tree`);
  expect(answer.headers.get('location')).toMatch(/^http:\/\/127\.0\..*ticket=/);
});

test('where the thread cannot run, the nodes are polled without it', async () => {
  // Run from source, the program has no compiled thread beside it.
  const fleet = new Fleet(systemClock);
  fleet.setMembers(members());
  const limits = { pollIntervalMs: INTERVAL_MS, pollTimeoutMs: TIMEOUT_MS, unreachableIntervalMs: 10_000 };
  poller = new Poller({ fleet, clock: systemClock, random: systemRandom, logger: silent, ...limits });
  poller.sync();
  await until('all but two are reachable', () => {
    const views = [...fleet.views()];
    return views.filter(({ reachability }) => reachability === 'reachable').length === NODES - 1;
  });
});
