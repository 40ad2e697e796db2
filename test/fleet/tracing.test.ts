// One click, one trace: front and node are processes of their own, and a collector puts together what both sent.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../lab/run.ts';
import { SECRET } from '../redirector/support.ts';
import { type CollectedSpan, type Collector, startCollector } from '../support/collector.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { NAVIGATION, Reader } from '../support/reader.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const FORGED = '4bf92f3577b34da6a3ce929d0e0e4736';
const AUTHORIZATION = 'Bearer s3cr3t-of-the-collector';

let dir: string;
let collector: Collector;
const running: Run[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-tracing-'));
  collector = await startCollector();
});
afterEach(async () => {
  for (const run of running.splice(0).reverse()) await run.stop();
  await collector.close();
  rmSync(dir, { recursive: true, force: true });
});

const urlIn = async (run: Run): Promise<string> => (await run.printed(/"url":"(http:[^"]+)"/))[1] ?? '';
const controlOf = (run: Run): string => /"control":"(http:[^"]+)"/.exec(run.output())?.[1] ?? '';

function start(
  verb: string,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const ports = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', join(dir, name)];
  const started = tmpfleet([verb, ...ports, ...args], { TMPFLEET_SECRET: SECRET, ...env });
  running.push(started);
  return started;
}

/** A front with one node, both of which trace every click, unless their options say otherwise. */
async function startFleet(
  node: readonly string[],
  env: Readonly<Record<string, string>> = {},
  ofFront: readonly string[] = [],
) {
  const traced = ['--otlp', collector.url, '--otlp-sample', '1'];
  const sandboxes = ['--engine', 'local', '--command', LIGHT_COMMAND, '--ephemeral', '--node-id', 'n1'];
  const agent = start('node-agent', 'node', [...sandboxes, ...traced, ...node], env);
  const nodeUrl = await urlIn(agent);
  const nodes = ['--nodes', nodeUrl, '--poll-interval', '200ms', '--access-log-sample', '1'];
  const redirector = start('redirector', 'front', [...nodes, ...traced, ...ofFront], env);
  const front = await urlIn(redirector);
  await until('the front knows the node', async () => {
    const stats: { available: number; capacity: number } = JSON.parse(
      await (await fetch(`${front}/stats`)).text(),
    );
    return stats.capacity > 0 && (node.includes('0') || stats.available > 0);
  });
  return { front, agent, redirector };
}

const named = (name: string, trace?: string): CollectedSpan | undefined =>
  collector.spans.find((span) => span.name === name && (trace === undefined || span.traceId === trace));
const begin = ({ startTimeUnixNano }: CollectedSpan): bigint => BigInt(startTimeUnixNano);
const end = ({ endTimeUnixNano }: CollectedSpan): bigint => BigInt(endTimeUnixNano);

/** Each span as "service: name < name of its parent". */
function tree(trace: string): readonly string[] {
  const spans = collector.spans.filter(({ traceId }) => traceId === trace);
  const nameOf = (id: string): string => spans.find(({ spanId }) => spanId === id)?.name ?? '?';
  return spans
    .map(({ service, name, parentSpanId }) =>
      parentSpanId === undefined ? `${service}: ${name}` : `${service}: ${name} < ${nameOf(parentSpanId)}`,
    )
    .sort();
}

test('a click is one trace, from the front’s redirect to the first page; the logs name it, and a stranger cannot', async () => {
  const headers = join(dir, 'headers');
  writeFileSync(headers, `authorization=${encodeURIComponent(AUTHORIZATION)}\n`);
  chmodSync(headers, 0o600);
  const { front, agent, redirector } = await startFleet(['--capacity', '2', '--warm', '1'], {
    TMPFLEET_OTLP_HEADERS_FILE: headers,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=journal',
  });
  const traceparent = `00-${FORGED}-00f067aa0ba902b7-01`;
  const reader = new Reader({ ...NAVIGATION, accept: 'text/html', traceparent });
  const { status, sandbox = '' } = await reader.click(`${front}/notebooks/a.ipynb?name=alice`);
  expect(status).toBe(200);
  const page = await until('the page is in the trace', () => named('page'));
  const { traceId } = page;
  await until('all of it is', () => tree(traceId).length >= 6);
  expect(tree(traceId)).toEqual([
    'tmpfleet-front: choose < redirect',
    'tmpfleet-front: redirect',
    'tmpfleet-node: claim < redirect',
    'tmpfleet-node: page < claim',
    'tmpfleet-node: take a warm sandbox < claim',
    'tmpfleet-node: write the claim < claim',
  ]);
  const [redirect, claim] = [named('redirect', traceId), named('claim', traceId)];
  expect(redirect?.about).toMatchObject({ 'tmpfleet.outcome': 'sent', 'url.path': '/notebooks/a.ipynb' });
  expect(claim?.about).toMatchObject({ 'tmpfleet.outcome': 'claimed', 'tmpfleet.node': 'n1' });
  expect(page.about).toMatchObject({ 'http.response.status_code': 200 });
  if (redirect === undefined || claim === undefined) throw new Error('unreachable');
  expect(begin(redirect) <= begin(claim) && begin(claim) < begin(page)).toBe(true);
  for (const span of collector.spans) expect(end(span) >= begin(span)).toBe(true);

  // The sandbox had started before: a trace of its own, which the claim names.
  const [link] = claim.links;
  expect(tree(link?.traceId ?? '')).toEqual([
    ...['create', 'prepare', 'probe', 'start'].map((phase) => `tmpfleet-node: ${phase} < start sandbox`),
    'tmpfleet-node: start sandbox',
  ]);
  expect(named('start sandbox', link?.traceId)?.spanId).toBe(link?.spanId);

  const line = (run: Run, message: string): Record<string, unknown> =>
    run
      .output()
      .split('\n')
      .filter((text) => text.includes(`"msg":"${message}"`))
      .map((text) => JSON.parse(text))[0];
  expect(line(redirector, 'redirected')).toMatchObject({ trace_id: traceId, click: traceId.slice(0, 12) });
  expect(line(agent, 'sandbox claimed')).toMatchObject({ trace_id: traceId, click: traceId.slice(0, 12) });

  const sent = collector.texts.join('\n');
  for (const secret of ['alice', 'ticket', FORGED, sandbox, SECRET]) expect(sent).not.toContain(secret);
  for (const header of collector.headers)
    expect(header).toMatchObject({ authorization: AUTHORIZATION, 'x-tenant': 'journal' });
  for (const run of [agent, redirector]) expect(run.output()).not.toMatch(/s3cr3t|journal/);
});

test('each visit of the canary is a trace, marked as such, though no click is in the sample', async () => {
  const server = fileURLToPath(new URL('../support/kernel-server.mjs', import.meta.url));
  const command = `${process.execPath} ${server} /{base_path}/ {ip} {port} ${join(dir, 'broken')}`;
  const none = ['--otlp-sample', '0'];
  await startFleet(['--capacity', '4', '--warm', '3', '--command', command, ...none], {}, [
    ...['--canary-every', '1s'],
    ...none,
  ]);
  const good = await until('a visit is traced', () => named('canary'));
  await until('all of it is', () => tree(good.traceId).length >= 9);
  expect(tree(good.traceId)).toEqual([
    'tmpfleet-front: canary',
    'tmpfleet-front: click < canary',
    'tmpfleet-front: end sandbox < canary',
    'tmpfleet-front: kernel < canary',
    'tmpfleet-front: output < canary',
    'tmpfleet-node: claim < canary',
    'tmpfleet-node: page < claim',
    'tmpfleet-node: take a warm sandbox < claim',
    'tmpfleet-node: write the claim < claim',
  ]);
  const marked = { 'tmpfleet.canary': true };
  expect(good.about).toMatchObject({ ...marked, 'tmpfleet.outcome': 'ok' });
  expect(named('claim', good.traceId)?.about).toMatchObject({ ...marked, 'tmpfleet.outcome': 'claimed' });

  writeFileSync(join(dir, 'broken'), 'x');
  const isFailed = ({ name, about }: CollectedSpan): boolean =>
    name === 'canary' && about['tmpfleet.outcome'] === 'failed';
  const bad = await until('a failed visit is traced', () => collector.spans.find(isFailed));
  expect(bad.traceId).not.toBe(good.traceId);
  expect(collector.spans.filter(({ name }) => name === 'redirect')).toEqual([]);
});

test('a click that waits for a start has the start in its trace, and a program’s request is traced as well', async () => {
  const { front } = await startFleet(['--capacity', '3', '--warm', '0']);
  const { status } = await new Reader().click(`${front}/tree`);
  expect(status).toBe(200);
  const { traceId } = await until('the page is in the trace', () => named('page'));
  await until('all of it is', () => tree(traceId).length >= 12);
  expect(tree(traceId)).toEqual([
    'tmpfleet-front: choose < redirect',
    'tmpfleet-front: redirect',
    'tmpfleet-node: claim < redirect',
    'tmpfleet-node: create < start sandbox',
    'tmpfleet-node: page < claim',
    'tmpfleet-node: prepare < start sandbox',
    'tmpfleet-node: probe < start sandbox',
    'tmpfleet-node: start < start sandbox',
    'tmpfleet-node: start sandbox < wait for a start',
    'tmpfleet-node: take a warm sandbox < claim',
    'tmpfleet-node: wait for a start < claim',
    'tmpfleet-node: write the claim < claim',
  ]);
  const [waiting, started] = [named('wait for a start', traceId), named('start sandbox', traceId)];
  if (waiting === undefined || started === undefined) throw new Error('unreachable');
  expect(end(waiting) >= end(started)).toBe(true);

  const spawned = await fetch(`${front}/api/spawn`, { method: 'POST' });
  expect(spawned.status).toBe(200);
  // What of it was the node's.
  expect(spawned.headers.get('server-timing')).toMatch(
    /^front;dur=[\d.]+, node;dur=[\d.]+, start;dur=[\d.]+, claim;dur=[\d.]+$/,
  );
  const asked = await until('it is traced', () => named('ask node'));
  await until('the node’s part, too', () =>
    tree(asked.traceId).some((step) => step.startsWith('tmpfleet-node: spawn')),
  );
  expect(tree(asked.traceId)).toEqual(
    expect.arrayContaining([
      'tmpfleet-front: ask node < spawn',
      'tmpfleet-front: spawn',
      'tmpfleet-node: spawn < spawn',
      'tmpfleet-node: wait for a start < spawn',
    ]),
  );
});

// prom-client loads OpenTelemetry's interfaces (`api`) anyway.
test('without a collector, no SDK and no exporter is loaded', async () => {
  const loaded = async (...modules: readonly string[]): Promise<number> => {
    const imports = modules.map((path) => `await import(${JSON.stringify(join(DIST, path))});`).join('');
    const count = `console.log(Object.keys(Module._cache).filter((name) => /@opentelemetry.(?!api.)/.test(name)).length)`;
    const code = `import Module from 'node:module'; ${imports} ${count}`;
    return Number(await run(process.execPath, ['--input-type=module', '--eval', code]));
  };
  expect(await loaded('redirector/main.js', 'node-agent/main.js')).toBe(0);
  expect(await loaded('shared/tracing/otlp.js')).toBeGreaterThan(10);
});

test('a collector that is down costs one warning, readers nothing, and a stop no longer than its bound', async () => {
  collector.answer(401);
  const { front, redirector, agent } = await startFleet(['--capacity', '8', '--warm', '4']);
  for (let click = 0; click < 3; click += 1)
    expect((await new Reader().click(`${front}/tree`)).status).toBe(200);
  const metrics = async (run: Run): Promise<string> => (await fetch(`${controlOf(run)}/metrics`)).text();
  await until(
    'both have given up some spans',
    async () => {
      const rows = await Promise.all([redirector, agent].map(metrics));
      return rows.every((text) => /^tmpfleet_trace_spans_total\{outcome="failed"[^}]*\} [1-9]/m.test(text));
    },
    60_000,
  );
  collector.answer('silent');
  expect((await new Reader().click(`${front}/tree`)).status).toBe(200);
  const began = performance.now();
  expect(await redirector.stop()).toBe(0);
  expect(performance.now() - began).toBeLessThan(10_000);
  for (const run of [redirector, agent])
    expect(run.output().match(/traces do not reach the collector/g)).toHaveLength(1);
  expect(redirector.output()).toContain('it answers 401');
});
