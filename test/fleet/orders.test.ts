// Cordon, uncordon and drain by the front: one place for the operator to type, with real nodes at the other end.
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { newNonce } from '../../shared/clock.ts';
import { ORDER_PATH, SIGNATURE_HEADER, signOrder } from '../../shared/protocol/order.ts';
import { Bench, type Front, post, SECRET } from '../redirector/support.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { orderKey } from '../support/fleet-keys.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const node = async (nodeId: string, secret = SECRET): Promise<TestAgent> => {
  const agent = bench.keep(await startAgent({ nodeId, capacity: '1' }, { TMPFLEET_SECRET: secret }));
  await agent.warm(1);
  return agent;
};

const answerSchema = z.object({
  code: z.string().optional(),
  message: z.string().optional(),
  remedy: z.string().optional(),
  state: z.string().optional(),
});

async function order(front: Front, url: string, what: string, body?: unknown) {
  const [view] = [...front.fleet.views()].filter(({ member }) => member.url === url);
  const answer = await post(`${front.controlUrl}/api/nodes/${view?.member.id}/${what}`, body);
  return { status: answer.status, ...answerSchema.parse(await answer.json()) };
}

const stateAt = async ({ url }: { readonly url: string }): Promise<string> => {
  const { fleet } = z
    .object({ fleet: z.object({ state: z.string() }) })
    .parse(await (await fetch(`${url}/stats`)).json());
  return fleet.state;
};

describe('an order at the front', () => {
  test('reaches the node, and the front knows the new state at once', async () => {
    const front = await bench.front({ pollInterval: '1h' });
    const [one, other] = [await node('one'), await node('other')];
    await front.add(one, other);
    expect(await order(front, one.url, 'cordon')).toMatchObject({ status: 200, state: 'cordoned' });
    expect(await stateAt(one)).toBe('cordoned');
    for (let click = 0; click < 5; click += 1) {
      const { headers } = await front.get('/', { 'sec-purpose': 'prefetch' });
      expect(headers.get('location')).toContain(other.url);
    }
    expect(await order(front, one.url, 'uncordon')).toMatchObject({ status: 200, state: 'ready' });
    expect(await order(front, one.url, 'drain', { deadline: '30m' })).toMatchObject({ state: 'draining' });
    expect(await stateAt(one)).toMatch(/draining|drained/);
  });

  test('that would leave no node for readers needs force', async () => {
    const front = await bench.front();
    const only = await node('only');
    await front.add(only);
    const refused = await order(front, only.url, 'drain');
    expect(refused).toMatchObject({
      status: 409,
      code: 'last-node',
    });
    expect(refused.remedy).toContain('--force');
    expect(await stateAt(only)).toBe('ready');
    expect((await order(front, only.url, 'drain', { force: true })).status).toBe(200);
    expect(await stateAt(only)).toMatch(/draining|drained/);
  });

  test('is refused with a clear message where the node cannot or must not take it', async () => {
    const front = await bench.front();
    const stranger = await node('stranger', 'a-secret-of-another-fleet');
    const plain = await bench.node({ plain: true });
    const gone = await bench.node();
    await front.add(stranger, plain, gone);
    const goneUrl = gone.url;
    await gone.close();
    const force = { force: true };
    expect(await order(front, stranger.url, 'cordon', force)).toMatchObject({
      ...{
        status: 502,
        code: 'node-refused',
        remedy: expect.stringMatching(/made from the secret of the front/),
      },
    });
    expect(await order(front, plain.url, 'cordon', force)).toMatchObject({ status: 409, code: 'plain-node' });
    expect(await order(front, goneUrl, 'cordon', force)).toMatchObject({
      ...{ status: 502, code: 'node-unreachable' },
      message: expect.stringMatching(/cannot be reached: .* refuses connections/),
    });
    expect(await order(front, stranger.url, 'drain', { deadline: 'soon' })).toMatchObject({ status: 400 });
    expect(await order(await withoutSecret(stranger), stranger.url, 'cordon', force)).toMatchObject({
      status: 409,
      code: 'no-secret',
    });
  });
});

test('an order that was carried out once is not carried out again', async () => {
  const agent = await node('once');
  const send = async (what: object): Promise<number> => {
    const body = JSON.stringify(what);
    return (
      await post(agent.url + ORDER_PATH, what, { [SIGNATURE_HEADER]: signOrder(body, orderKey(SECRET)) })
    ).status;
  };
  const cordon = { order: 'cordon', node: 'once', nonce: newNonce(), expires: Date.now() + 30_000 };
  expect(await send(cordon)).toBe(200);
  expect(await send(cordon)).toBe(403);
  expect(await send({ ...cordon, nonce: newNonce(), node: 'another' })).toBe(403);
  expect((await post(agent.url + ORDER_PATH, cordon)).status).toBe(403);
});

async function withoutSecret(agent: TestAgent): Promise<Front> {
  const front = await bench.front({}, { secret: '' });
  await front.add(agent);
  return front;
}
