// Three thousand readers in line behind one address were let in together when some tens of sandboxes became free; the nodes sent nearly
// all of them back, again and again, until their browsers gave up. Of one client only so many count as on their way
// (--pending-per-client), and the others reserved nothing, so that to the front the room never ended. Who is let in from the line
// always counts, and a client to which no limit applies counts everywhere.
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { waitingSchema } from '../../shared/line/answer.ts';
import { Bench, type Front } from '../redirector/support.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const JSON_ONLY = { accept: 'application/json' };
const READERS = 12;
const FREED = 4;

/** Stands in line, and goes where they are let in. @returns how the node answers */
async function read(front: Front): Promise<number> {
  const first = await request(`${front.url}/tree`, { method: 'POST', headers: JSON_ONLY });
  const { again } = waitingSchema.parse(await first.body.json());
  const answer = await request(`${front.url}${again}`, { headers: JSON_ONLY });
  const { location } = (await answer.body.json()) as { readonly location: string };
  const { statusCode, body } = await request(location);
  await body.dump();
  return statusCode;
}

test('of many readers of one client in line, as many are let in as there is room for', async () => {
  // No address of this machine is exempt.
  const front = await bench.front({ pendingPerClient: '2', exemptClients: '192.0.2.1' });
  const node = await bench.node({ warm: 0, held: 8, capacity: 8 });
  await front.add(node);
  const answers: number[] = [];
  for (let reader = 0; reader < READERS; reader += 1)
    void read(front).then(
      (status) => answers.push(status),
      // Those who still wait at the end of the test.
      () => undefined,
    );
  const inLine = async (): Promise<number> => {
    const text = await (await fetch(`${front.controlUrl}/metrics`)).text();
    return Number(/^tmpfleet_line_waiting\{.*\} (\d+)$/m.exec(text)?.[1]);
  };
  await until('all are in line', async () => (await inLine()) === READERS);
  for (let freed = 0; freed < FREED; freed += 1) node.free();
  await until('some are served', () => node.claims === FREED);
  const { polls } = node;
  await until('the front knows', () => node.polls >= polls + 5);
  expect(answers).toEqual(new Array(FREED).fill(200));
  expect(await inLine()).toBe(READERS - FREED);
});
