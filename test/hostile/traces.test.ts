// What readers can do with the traces of a fleet (--otlp): write into nobody else's.
import { afterEach, expect, test } from 'vitest';
import { newNonce } from '../../shared/clock.ts';
import { clickDigest, signTicket } from '../../shared/protocol/ticket.ts';
import { Bench, navigate, SECRET } from '../redirector/support.ts';
import { startAgent } from '../support/agent.ts';
import { startCollector } from '../support/collector.ts';
import { ticketKeys } from '../support/fleet-keys.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

test('neither a forged ticket nor a header puts a step into the trace of another reader', async () => {
  const collector = bench.keep(await startCollector());
  const traced = { otlp: collector.url, otlpSample: '1' };
  const agent = bench.keep(
    await startAgent({ capacity: '4', warm: '4', ...traced }, { TMPFLEET_SECRET: SECRET }),
  );
  await agent.warm(4);
  const nonce = newNonce();
  const about = { redirector: 'r', boot: 'b', node: 'node1', epoch: 0, tried: [], hops: 0 };
  const ticket = signTicket({ ...about, nonce, expires: Date.now() + 30_000 }, ticketKeys('node1', SECRET));
  const victim = clickDigest(nonce).slice(0, 32);
  // Its nonce is no secret to who has seen it, and its signature is.
  const forged = ticket.replace(/.{4}$/, (end) => (end === 'AAAA' ? 'BBBB' : 'AAAA'));
  const traceparent = `00-${victim}-00f067aa0ba902b7-01`;
  for (const address of [`/tree?ticket=${forged}`, '/tree'])
    expect((await navigate(`${agent.url}${address}`, { traceparent, tracestate: 'a=b' })).status).toBe(302);
  await navigate(`${agent.url}/tree?ticket=${ticket}`);
  const claims = () => collector.spans.filter(({ name }) => name === 'claim');
  await until('all three are traced', () => claims().length === 3);
  expect(claims().filter(({ traceId }) => traceId === victim)).toHaveLength(1);
  expect(new Set(claims().map(({ traceId }) => traceId)).size).toBe(3);
});
