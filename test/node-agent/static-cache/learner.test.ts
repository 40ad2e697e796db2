// Who is believed: real servers as sandboxes, and the table that says which of them had a reader.
import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox, type Sandbox, SandboxTable } from '../../../node-agent/sandboxes/table.ts';
import { StaticCache } from '../../../node-agent/static-cache/static-cache.ts';
import { createTestLog } from '../../support/test-logger.ts';
import { until } from '../../support/until.ts';
import { startHttp } from '../proxy/bed.ts';

const FILE = 'static/app.js';
const HEADERS = { 'content-type': 'application/javascript', 'cache-control': 'max-age=86400' };
const usual = (response: ServerResponse): void => {
  response.writeHead(200, HEADERS).end('export const answer = 42;');
};

interface Served {
  readonly sandbox: Sandbox;
  readonly asked: string[];
}

function startBed(stripPrefix = false) {
  const table = new SandboxTable();
  const clock = { monotonic: () => performance.now() };
  const { logger } = createTestLog();
  const cache = new StaticCache({
    ...{ maxBytes: 4 * 1024 ** 2, table, place: { stripPrefix }, clock, logger },
  });
  onTestFinished(() => cache.close());
  const add = async (answer = usual, change: Partial<Sandbox> = {}): Promise<Served> => {
    const asked: string[] = [];
    const server = await startHttp((request, response) => {
      asked.push(request.url ?? '');
      answer(response);
    });
    const sandbox = Object.assign(createSandbox({ image: 'i', recipe: 'r', createdAt: 0 }), change);
    sandbox.address = { host: '127.0.0.1', port: server.port };
    table.add(sandbox);
    table.move(sandbox, 'warm');
    return { sandbox, asked };
  };
  const claim = ({ sandbox }: Served): void => {
    table.move(sandbox, 'claimed');
    sandbox.isUntouched = false;
  };
  const ask = ({ sandbox: { id } }: Served, path = FILE) =>
    cache.answer({ method: 'GET', headers: {} }, id, `/user/${id}/${path}`);
  const settled = (count: number): Promise<unknown> =>
    until(`${count} attempts have ended`, () => {
      const { learning, learnt } = cache.counters;
      return learning === 0 && Object.values(learnt).reduce((sum, each) => sum + each, 0) >= count;
    });
  return { table, cache, add, claim, ask, settled };
}

test('two sandboxes that were never given out have to give the same, and the reader’s is not asked', async () => {
  const { cache, add, claim, ask, settled } = startBed();
  const reader = await add();
  claim(reader);
  const others = [await add(), await add()];
  expect(ask(reader)).toBeUndefined();
  await settled(1);
  expect(ask(reader)?.body?.toString()).toBe('export const answer = 42;');
  expect(reader.asked).toEqual([]);
  expect(others.map(({ asked, sandbox }) => [asked, sandbox.id])).toEqual(
    others.map(({ sandbox: { id } }) => [[`/user/${id}/${FILE}`], id]),
  );
  expect(cache.counters.lookups).toEqual({ hit: 1, miss: 1, bypass: 0 });
});

test.each([
  ['was given out, and came back', { isUntouched: false }],
  ['is of an earlier run', { isUntouched: undefined }],
])('one that %s is never asked', async (_, change) => {
  const { cache, add, claim, ask, settled } = startBed();
  const reader = await add();
  claim(reader);
  const tampered = [await add(usual, change), await add(usual, change)];
  ask(reader);
  await settled(1);
  expect(cache.counters.learnt).toMatchObject({ kept: 0, later: 1 });
  expect(tampered.flatMap(({ asked }) => asked)).toEqual([]);
});

test('one that gets its reader before the last byte is there is not believed', async () => {
  const { cache, add, claim, ask, settled } = startBed();
  const reader = await add();
  claim(reader);
  let held: ServerResponse | undefined;
  const late = await add((response) => {
    held = response.writeHead(200, HEADERS);
    held.write('export const answer');
  });
  ask(reader);
  await until('its answer has begun', () => held !== undefined);
  claim(late);
  held?.end(' = "poison";');
  await settled(1);
  expect(cache.counters.learnt).toMatchObject({ kept: 0, refused: 0, later: 1 });
  // It counts for nothing in what others have to confirm, either.
  await add();
  await add();
  ask(reader);
  await settled(2);
  expect(ask(reader)?.body?.toString()).toBe('export const answer = 42;');
});

test('one that gives something else than the first stops it', async () => {
  const { cache, add, claim, ask, settled } = startBed();
  const reader = await add();
  claim(reader);
  await add();
  await add((response) => response.writeHead(200, HEADERS).end('export const answer = 43;'));
  ask(reader);
  await settled(1);
  ask(reader);
  expect(cache.counters.learnt).toEqual({ kept: 0, refused: 1, failed: 0, later: 0 });
  expect(cache.counters.learning).toBe(0);
});

test('many readers at once have a file asked for once', async () => {
  const { add, claim, ask, settled, cache } = startBed();
  const readers = [await add(), await add(), await add()];
  for (const reader of readers) claim(reader);
  const others = [await add(), await add()];
  for (let time = 0; time < 20; time += 1) for (const reader of readers) ask(reader);
  await settled(1);
  expect(others.map(({ asked }) => asked.length)).toEqual([1, 1]);
  expect(cache.counters.learnt.kept).toBe(1);
});

test('programs that do not know their base path are asked below their root', async () => {
  const { add, claim, ask, settled } = startBed(true);
  const reader = await add();
  claim(reader);
  const others = [await add(), await add()];
  ask(reader, `${FILE}?v=1.2`);
  await settled(1);
  // The second one is asked for another version.
  expect(others.flatMap(({ asked }) => asked).sort()).toEqual([`/${FILE}?v=1.2`, `/${FILE}?v=2.3`]);
  expect(ask(reader, `${FILE}?v=9`)?.status).toBe(200);
});
