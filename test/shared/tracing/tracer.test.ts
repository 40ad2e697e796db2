// Which clicks are traced, under which names, and what becomes of spans that nobody takes.
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { newNonce, systemClock } from '../../../shared/clock.ts';
import { clickOf } from '../../../shared/protocol/ticket.ts';
import { parseHeaders, tracesUrl, tracingOptions, tracingProblems } from '../../../shared/tracing/options.ts';
import { openOtlp } from '../../../shared/tracing/otlp.ts';
import { type FinishedSpan, inStep, Tracer } from '../../../shared/tracing/tracer.ts';
import { type Collector, startCollector } from '../../support/collector.ts';
import { until } from '../../support/until.ts';

let collector: Collector | undefined;
afterEach(async () => {
  await collector?.close();
  collector = undefined;
});

function tracer(share: number, random = 0.5) {
  const spans: FinishedSpan[] = [];
  const add = (span: FinishedSpan): void => void spans.push(span);
  return { spans, tracer: new Tracer({ share, add, clock: systemClock, random: () => random }) };
}

test('front and node name and choose the same clicks, without a word between them', () => {
  const [front, node] = [tracer(0.3), tracer(0.3)];
  const nonces = Array.from({ length: 2_000 }, newNonce);
  const ids = nonces.map((nonce) => front.tracer.traceOf(nonce)?.id);
  expect(nonces.map((nonce) => node.tracer.traceOf(nonce)?.id)).toEqual(ids);
  const traced = ids.filter((id) => id !== undefined);
  expect(traced.length).toBeGreaterThan(500);
  expect(traced.length).toBeLessThan(700);
  expect(new Set(traced).size).toBe(traced.length);
  nonces.forEach((nonce, index) => {
    if (ids[index] !== undefined) expect(ids[index]?.slice(0, 12)).toBe(clickOf(nonce));
  });
  // A smaller share at a node leaves steps out; it adds no trace that the front does not have.
  const fewer = nonces.filter((nonce) => tracer(0.1).tracer.traceOf(nonce) !== undefined);
  expect(fewer.every((nonce) => front.tracer.traceOf(nonce) !== undefined)).toBe(true);
});

test('none and all', () => {
  expect([tracer(0).tracer.traceOf('n'), tracer(0, 0).tracer.newTrace()]).toEqual([undefined, undefined]);
  expect(tracer(1).tracer.traceOf('n')?.id).toMatch(/^[0-9a-f]{32}$/);
  expect(tracer(1, 0.999).tracer.newTrace()?.id).toMatch(/^[0-9a-f]{32}$/);
});

test('steps hang together, also those that another program begins', async () => {
  const [front, node] = [tracer(1), tracer(1)];
  const first = front.tracer.traceOf('nonce')?.first('redirect');
  first?.end();
  const claim = node.tracer.traceOf('nonce')?.step('claim');
  await expect(inStep(claim, 'journal', () => Promise.reject(new Error('full')))).rejects.toThrow('full');
  claim?.fail('full');
  claim?.end();
  claim?.end();
  const [redirect] = front.spans;
  const [journal, claimed, ...more] = node.spans;
  expect(more).toEqual([]);
  expect(redirect).toMatchObject({ name: 'redirect', parentId: undefined });
  expect(claimed).toMatchObject({ name: 'claim', parentId: redirect?.spanId, error: 'full' });
  expect(journal).toMatchObject({ name: 'journal', parentId: claimed?.spanId });
  expect(new Set([redirect, journal, claimed].map((span) => span?.traceId)).size).toBe(1);
  expect(await inStep(undefined, 'x', async (step) => step)).toBeUndefined();
});

const span = (): FinishedSpan => ({
  ...{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: undefined, name: 'x', kind: 'internal' },
  ...{ startedAt: 1_000.25, endedAt: 1_000.5, attributes: {}, error: undefined, links: [] },
});

test('spans of a collector that never answers are bounded, and a stop waits two seconds for it', async () => {
  collector = await startCollector();
  collector.answer('silent');
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  const about = { program: 'front', instance: 'f', clock: systemClock, logger };
  const sink = openOtlp({ ...about, url: tracesUrl(collector.url), headers: {} });
  for (let count = 0; count < 10_000; count += 1) sink.add(span());
  expect(sink.counts).toEqual({ sent: 0, failed: 0, dropped: 10_000 - 4_096 });
  const began = performance.now();
  await sink.close();
  expect(performance.now() - began).toBeLessThan(6_000);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('"spans":4096');
});

test('what is sent is counted, with times to the microsecond', async () => {
  collector = await startCollector();
  const about = { program: 'node', instance: 'n1', clock: systemClock, logger: pino({ level: 'silent' }) };
  const sink = openOtlp({ ...about, url: tracesUrl(`${collector.url}/`), headers: {} });
  sink.add(span());
  await sink.close();
  await until('it is counted', () => sink.counts.sent === 1);
  expect(collector.spans).toMatchObject([
    { service: 'tmpfleet-node', startTimeUnixNano: '1000250000', endTimeUnixNano: '1000500000' },
  ]);
});

test('addresses and headers', () => {
  expect(tracesUrl('https://c.example.org/otlp')).toBe('https://c.example.org/otlp/v1/traces');
  expect(tracesUrl('http://c:4318/v1/traces/')).toBe('http://c:4318/v1/traces');
  expect(parseHeaders('a=b%20c, authorization=Basic dXNlcjpw=,x=%')).toEqual({
    ...{ a: 'b c', authorization: 'Basic dXNlcjpw=', x: '%' },
  });
  const { schema } = tracingOptions.otlpHeaders.kind;
  expect(['a=b', 'a=b,c=d', ''].map((text) => schema.safeParse(text).success)).toEqual([true, true, true]);
  expect(['a', 'a b=c', 'a=b\nc=d'].map((text) => schema.safeParse(text).success)).toEqual([
    false,
    false,
    false,
  ]);
  expect(tracingProblems({ otlp: 'http://me:secret@c:4318' }).join()).toMatch(/^otlp: .*--otlp-headers-file/);
  expect(tracingProblems({ otlp: 'http://me:secret@c:4318' }).join()).not.toContain('secret');
  expect(tracingProblems({ otlp: 'http://c:4318' })).toEqual([]);
});
