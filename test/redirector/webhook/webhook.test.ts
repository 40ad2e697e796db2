// The webhook of a whole front: which events it gets, how, and what a receiver that fails does to readers.
import { afterEach, expect, test } from 'vitest';
import { checkRedirectorConfig, redirectorOptions } from '../../../redirector/config.ts';
import { webhookPingSchema, webhookStatusSchema } from '../../../shared/api/webhook.ts';
import { loadConfig } from '../../../shared/config/load.ts';
import { until } from '../../support/until.ts';
import { Bench, type Front, post } from '../support.ts';
import { isGenuine, type Receiver, receive, WEBHOOK_SECRET } from './receiver.ts';

const bench = new Bench();
afterEach(() => bench.clear());

async function open(flags: Readonly<Record<string, string>> = {}): Promise<readonly [Front, Receiver]> {
  const receiver = bench.keep(await receive());
  const webhook = `${receiver.url}/hooks/a-secret-path`;
  return [await bench.front({ webhook, ...flags }, { webhookSecret: WEBHOOK_SECRET }), receiver];
}

const statusOf = async ({ controlUrl }: Front) =>
  webhookStatusSchema.parse(await (await fetch(`${controlUrl}/api/webhook`)).json());
const addTo = ({ controlUrl }: Front, url: string, id: string) =>
  post(`${controlUrl}/api/nodes`, { url, id, probe: false });

test('gets an event for each node that comes, changes, is silent, returns or goes, signed', async () => {
  const [front, receiver] = await open();
  const node = await bench.node({ node: 'n1' });
  const port = Number(new URL(node.url).port);
  await addTo(front, node.url, 'n1');
  await until('it was polled', () => node.polls > 0);
  node.state = 'cordoned';
  await until('of the cordon', () => receiver.accepted().includes('node-state n1'));
  await node.close();
  await until('of the silence', () => receiver.accepted().includes('node-unreachable n1'));
  await node.open(port);
  await until('of the return', () => receiver.accepted().includes('node-reachable n1'));
  await fetch(`${front.controlUrl}/api/nodes/n1`, { method: 'DELETE' });
  await until('of the removal', () => receiver.accepted().includes('node-removed n1'));
  expect(receiver.accepted()).toEqual(
    ['node-added', 'node-state', 'node-unreachable', 'node-reachable', 'node-removed'].map((e) => `${e} n1`),
  );
  expect(receiver.requests.map((each) => isGenuine(each))).toEqual(receiver.requests.map(() => true));
  expect(receiver.requests.some((each) => isGenuine(each, 'another-secret-of-16'))).toBe(false);
  const events = receiver.requests.flatMap(({ body }) => body.events);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  expect(events[1]).toMatchObject({ text: 'n1 is cordoned', was: 'ready', now: 'cordoned' });
});

test('gets only what --webhook-events names, and nothing that was there at the start', async () => {
  const [front, receiver] = await open({ webhookEvents: 'node-removed' });
  const node = await bench.node({ node: 'n1' });
  await addTo(front, node.url, 'n1');
  await fetch(`${front.controlUrl}/api/nodes/n1`, { method: 'DELETE' });
  await until('of the removal', () => receiver.accepted().length > 0);
  expect(receiver.accepted()).toEqual(['node-removed n1']);
});

test('a receiver that hangs, and one that answers 500 for ever, delay no reader', async () => {
  const [front, receiver] = await open();
  receiver.answer = () => false;
  const node = await bench.node({ node: 'n1', warm: 50, capacity: 50 });
  await front.add(node);
  await until('it was sent something', () => receiver.requests.length > 0);
  const began = performance.now();
  for (let click = 0; click < 20; click += 1)
    expect((await front.get('/', { 'sec-purpose': 'prefetch' })).status).toBe(302);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(await statusOf(front)).toMatchObject({ origin: new URL(receiver.url).origin, waiting: 1 });
});

test('after failures the same events are sent again, and the log names no path of the address', async () => {
  const [front, receiver] = await open();
  let failures = 3;
  receiver.answer = (response) => {
    failures -= 1;
    response.writeHead(failures >= 0 ? 500 : 200).end('internal');
    return failures < 0;
  };
  await addTo(front, (await bench.node({ node: 'n1' })).url, 'n1');
  await until('it has accepted it', () => receiver.accepted().length > 0);
  expect(receiver.accepted()).toEqual(['node-added n1']);
  expect(new Set(receiver.requests.map(({ body }) => body.id)).size).toBe(1);
  await until('the front knows', async () => (await statusOf(front)).failing_since === null);
  expect(front.log()).toContain('the webhook fails; events wait, and are sent again');
  expect(front.log()).toContain('it answers 500');
  expect(front.log()).not.toContain('a-secret-path');
  expect(front.log()).not.toContain(WEBHOOK_SECRET);
  const metrics = await (await fetch(`${front.controlUrl}/metrics`)).text();
  expect(metrics).toMatch(/tmpfleet_webhook_events_total\{outcome="delivered",program="redirector"\} 1\n/);
  expect(metrics).not.toContain('a-secret-path');
});

test('an operator’s ping says whether it answers, and why not', async () => {
  const [front, receiver] = await open();
  const ping = async () =>
    webhookPingSchema.parse(await (await post(`${front.controlUrl}/api/webhook/ping`)).json());
  expect(await ping()).toMatchObject({ ok: true, problem: null });
  expect(receiver.accepted()).toEqual(['ping']);
  receiver.answer = (response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    return false;
  };
  expect(await ping()).toMatchObject({
    ok: false,
    problem: 'it answers 302, and redirects are not followed',
  });
  await receiver.close();
  expect(await ping()).toMatchObject({ ok: false, problem: expect.stringContaining('refuses connections') });
  const without = await bench.front();
  expect((await post(`${without.controlUrl}/api/webhook/ping`)).status).toBe(409);
  expect(await statusOf(without)).toMatchObject({ origin: null, waiting: 0 });
});

test.each([
  [
    { webhook: 'https://hooks.example.org/x' },
    {},
    /webhook: needs a secret to sign with; set --webhook-secret-file/,
  ],
  [{ webhook: 'https://me:word@hooks.example.org/x' }, {}, /webhook: invalid value/],
  [{ webhook: 'ftp://hooks.example.org/' }, {}, /webhook: invalid value/],
  [{ webhookEvents: 'node-added,nothing' }, {}, /webhook-events: invalid value/],
  [{}, { TMPFLEET_WEBHOOK_SECRET: 'short' }, /TMPFLEET_WEBHOOK_SECRET: invalid value \(not shown\)/],
])('%j with %j is refused', (flags, env, message) => {
  expect(() => checkRedirectorConfig(loadConfig(redirectorOptions, { flags, env }).config)).toThrow(message);
});
