// Delivery of events by itself, to receivers that misbehave: nothing is awaited, and nothing grows.
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { MAX_WAITING, WebhookDelivery } from '../../../redirector/webhook/delivery.ts';
import { WEBHOOK_EVENTS, type WebhookEvent } from '../../../shared/api/webhook.ts';
import { systemClock } from '../../../shared/clock.ts';
import { until } from '../../support/until.ts';
import { Bench } from '../support.ts';
import { type Receiver, receive, WEBHOOK_SECRET } from './receiver.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const event = (n: number): WebhookEvent => ({
  ...{ id: `event-${n}`, at: new Date(0).toISOString(), event: 'node-added', node: `n${n}`, text: 'added' },
});

async function open() {
  const receiver = bench.keep(await receive());
  const lines: string[] = [];
  const config = {
    ...{ webhook: `${receiver.url}/hook`, webhookEvents: [...WEBHOOK_EVENTS] as string[] },
    ...{ webhookSecret: WEBHOOK_SECRET, redirectorId: 'f' },
  };
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const delivery = bench.keep(
    new WebhookDelivery({ config, front: 'f', clock: systemClock, random: () => 0, logger }),
  );
  return { receiver, delivery, config, lines };
}
const answerWith =
  (status: number): Receiver['answer'] =>
  (response) => {
    response.writeHead(status).end();
    return status < 300;
  };

test('events that come together are sent together, at most 50 at a time', async () => {
  const { receiver, delivery } = await open();
  for (let n = 0; n < 120; n += 1) delivery.add(event(n));
  await until('all have arrived', () => receiver.accepted().length === 120);
  expect(receiver.requests.map(({ body }) => body.events.length)).toEqual([50, 50, 20]);
  expect(receiver.accepted().at(-1)).toBe('node-added n119');
});

test('a receiver that hangs: the newest thousand wait; the others are counted and logged once', async () => {
  const { receiver, delivery, lines } = await open();
  receiver.answer = () => false;
  delivery.add(event(0));
  await until('it hangs', () => receiver.requests.length === 1);
  for (let n = 1; n <= 5_000; n += 1) delivery.add(event(n));
  expect(delivery.status()).toMatchObject({ waiting: MAX_WAITING + 1, dropped: 4_000 });
  expect(lines.filter((line) => line.includes('the oldest events were dropped'))).toHaveLength(1);
  receiver.answer = answerWith(200);
  delivery.reload();
  await until('the newest have arrived', () => receiver.accepted().includes('node-added n5000'), 30_000);
  expect(receiver.requests.at(-1)?.body.dropped).toBe(4_000);
  await until('that is noted', () => delivery.waiting === 0 && !delivery.isFailing);
});

test('what a receiver refuses is dropped, so that it holds up nothing that follows', async () => {
  const { receiver, delivery, lines } = await open();
  receiver.answer = answerWith(422);
  delivery.add(event(1));
  await until('it was refused', () => delivery.counts.refused === 1);
  receiver.answer = answerWith(200);
  delivery.add(event(2));
  await until('the next has arrived', () => receiver.accepted().length === 1);
  expect(receiver.accepted()).toEqual(['node-added n2']);
  expect(lines.join('')).toContain('the webhook refuses these events; they are dropped');
});

test('a wrong secret at the receiver (403) loses nothing', async () => {
  const { receiver, delivery } = await open();
  receiver.answer = answerWith(403);
  delivery.add(event(1));
  await until('it was tried twice', () => receiver.requests.length > 1);
  receiver.answer = answerWith(200);
  await until('it has arrived, and that is noted', () => delivery.counts.delivered > 0);
  expect(delivery.counts).toEqual({ delivered: 1, dropped: 0, refused: 0 });
});

test('an answer without end counts by its status, and is not read', async () => {
  const { receiver, delivery } = await open();
  let written = 0;
  receiver.answer = (response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) written += 65_536;
    };
    response.on('drain', more);
    more();
    return true;
  };
  delivery.add(event(1));
  await until('it was delivered', () => delivery.counts.delivered === 1);
  expect(written).toBeLessThan(32 * 1024 * 1024);
});

test('without an address nothing is kept; with another one, it is used at once', async () => {
  const { receiver, delivery, config } = await open();
  const other = bench.keep(await receive());
  await receiver.close();
  delivery.add(event(1));
  await until('it fails', () => delivery.isFailing);
  Object.assign(config, { webhook: `${other.url}/` });
  delivery.reload();
  await until('it has arrived', () => other.accepted().length === 1);
  Object.assign(config, { webhook: '' });
  delivery.reload();
  delivery.add(event(2));
  expect(delivery.status()).toMatchObject({ origin: null, waiting: 0 });
});
