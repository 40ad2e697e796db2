// What a front adds to the trace of a click whose way is longer than one redirect, and of one that leads nowhere.
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newNonce } from '../../../shared/clock.ts';
import { waitingSchema } from '../../../shared/line/answer.ts';
import { clickDigest, nonceOfTicket, splitTicket } from '../../../shared/protocol/ticket.ts';
import { type CollectedSpan, type Collector, startCollector } from '../../support/collector.ts';
import { until } from '../../support/until.ts';
import { Bench, bounce, type Front } from '../support.ts';

const bench = new Bench();
let collector: Collector;
let front: Front;
beforeEach(async () => {
  collector = bench.keep(await startCollector());
  front = await bench.front({ otlp: collector.url, otlpSample: '1', holdFor: '0' });
});
afterEach(() => bench.clear());

const named = (name: string): readonly CollectedSpan[] =>
  collector.spans.filter((span) => span.name === name);
const ofClick = (nonce: string) => {
  const digest = clickDigest(nonce);
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) };
};

test('a reader whom a node sends back goes on in the trace of their click', async () => {
  await front.add(await bench.node({ node: 'n1' }), await bench.node({ node: 'n2' }));
  const nonce = newNonce();
  const { traceId, spanId } = ofClick(nonce);
  await front.get(`/tree?ticket=${bounce({ node: 'n1', nonce })}`);
  const [again] = await until('it is traced', () =>
    named('redirect').length > 0 ? named('redirect') : undefined,
  );
  // Below the first redirect, which this front may never have seen.
  expect(again).toMatchObject({ traceId, parentSpanId: spanId });
  expect(again?.about).toMatchObject({
    'tmpfleet.bounced_by': 'n1',
    'tmpfleet.hops': 1,
    'tmpfleet.outcome': 'sent',
  });
});

test('a reader in line is in one trace, from their place to their entry, however often they ask', async () => {
  const node = await bench.node({ warm: 0, held: 8, node: 'n1' });
  await front.add(node);
  const headers = { accept: 'application/json' };
  const first = await request(`${front.url}/tree`, { method: 'POST', headers });
  const { again } = waitingSchema.parse(await first.body.json());
  const ask = () => request(`${front.url}${again.replace(/\.wait$/, '')}`, { headers });
  const held = ask();
  node.free();
  const entered: { location?: string } = JSON.parse(await (await held).body.text());
  const { ticket = '' } = splitTicket(new URL(entered.location ?? '').search.slice(1));
  const { traceId, spanId } = ofClick(nonceOfTicket(ticket));
  const [line] = await until('the entry is traced', () =>
    named('line').length > 0 ? named('line') : undefined,
  );
  const redirects = await until('both ends are there', () =>
    named('redirect').length === 2 ? named('redirect') : undefined,
  );
  expect(redirects.map((span) => [span.about['tmpfleet.outcome'], span.traceId, span.parentSpanId])).toEqual([
    ['waiting', traceId, undefined],
    ['sent', traceId, spanId],
  ]);
  expect(line).toMatchObject({ traceId, parentSpanId: redirects[1]?.spanId });
});

test('a refused reader has a trace, too, which says why; a launch page and a limit have none', async () => {
  await front.get('/tree?name=alice');
  await front.get('/tree', {
    'sec-fetch-dest': 'iframe',
    'sec-fetch-site': 'cross-site',
    accept: 'text/html',
  });
  await front.add(await bench.node({ node: 'n1' }));
  await front.get('/lab');
  await until('the last one is traced', () => named('redirect').length >= 2);
  expect(named('redirect').map(({ about, status }) => [about['tmpfleet.outcome'], status?.message])).toEqual([
    ['no-nodes', 'no-nodes'],
    ['sent', undefined],
  ]);
});
