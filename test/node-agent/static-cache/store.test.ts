// The files in memory: bounded by bytes, for as long as they may be used, and of images that are still in use.
import { expect, test } from 'vitest';
import { nodeAgentOptions } from '../../../node-agent/config.ts';
import { checkNodeAgentConfig } from '../../../node-agent/config-check.ts';
import { createSandbox, SandboxTable } from '../../../node-agent/sandboxes/table.ts';
import { StaticCache } from '../../../node-agent/static-cache/static-cache.ts';
import { type Entry, StaticStore } from '../../../node-agent/static-cache/store.ts';
import { loadConfig } from '../../../shared/config/load.ts';
import { createTestLog } from '../../support/test-logger.ts';
import { until } from '../../support/until.ts';
import { startHttp } from '../proxy/bed.ts';

const KIB = 1024;
const entry = (bytes: number, more: Partial<Entry> = {}): Entry => ({
  ...{ headers: [], body: Buffer.alloc(bytes), learntAt: 0, until: Number.POSITIVE_INFINITY },
  ...{ isCompressible: false, ...more },
});
const at = (key: string) => ({ key });

test('the file that was not used for longest goes first, by the bytes of all codings', () => {
  const store = new StaticStore(100 * KIB, () => 0);
  for (const key of ['a', 'b', 'c']) store.add('image', at(key), entry(30 * KIB));
  store.get('image', at('a'));
  const last = entry(30 * KIB);
  store.add('image', at('d'), last);
  expect(['a', 'b', 'c', 'd'].filter((key) => store.get('image', at(key)))).toEqual(['a', 'c', 'd']);
  last.gzip = Buffer.alloc(20 * KIB);
  expect(store.measureAgain('image', at('d'), last)).toBe(true);
  expect(store.get('image', at('a'))).toBeUndefined();
  expect(store.bytes).toBeLessThanOrEqual(100 * KIB);
  // A coding that comes when its file has gone is thrown away with it.
  expect(store.measureAgain('image', at('b'), entry(1))).toBe(false);
});

test('a file is used no longer than it may be', () => {
  let now = 0;
  const store = new StaticStore(100 * KIB, () => now);
  store.add('image', at('a'), entry(KIB, { until: 1_000 }));
  now = 999;
  expect(store.get('image', at('a'))).toBeDefined();
  now = 1_000;
  expect(store.get('image', at('a'))).toBeUndefined();
  expect(store.count).toBe(0);
});

test('a memory that holds hardly a file is refused, and none is not', () => {
  const { config } = loadConfig(nodeAgentOptions, { flags: { port: '0', controlPort: '0' }, env: {} });
  expect(() => checkNodeAgentConfig({ ...config, staticCacheBytes: 10 * KIB })).toThrow(
    'static-cache: 10k holds hardly a file; expected at least 1m, or 0 for none',
  );
  checkNodeAgentConfig({ ...config, staticCacheBytes: 0 });
});

test('files of an image are dropped a minute after the last sandbox that was made from it', async () => {
  let now = 0;
  const table = new SandboxTable();
  const { logger } = createTestLog();
  const cache = new StaticCache({
    ...{
      maxBytes: 1024 * KIB,
      table,
      place: { stripPrefix: false },
      clock: { monotonic: () => now },
      logger,
    },
  });
  const server = await startHttp((_, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=3600' }).end('a {}');
  });
  const sandboxes = [1, 2, 3].map(() => {
    const sandbox = createSandbox({ image: 'old', recipe: 'r', createdAt: 0 });
    sandbox.address = { host: '127.0.0.1', port: server.port };
    table.add(sandbox);
    table.move(sandbox, 'warm');
    return sandbox;
  });
  const id = sandboxes[0]?.id ?? '';
  const ask = () => cache.answer({ method: 'GET', headers: {} }, id, `/user/${id}/static/a.css`);
  await until('it is learnt', () => ask() !== undefined);
  now = 50_000;
  cache.sweep();
  for (const sandbox of sandboxes) {
    table.end(sandbox, 'stale-image');
    table.forget(sandbox);
  }
  // The next one of the same image may be starting.
  now = 100_000;
  cache.sweep();
  expect(cache.counters.heldFiles).toBe(1);
  now = 120_000;
  cache.sweep();
  expect(cache.counters).toMatchObject({ heldFiles: 0, heldBytes: 0 });
  cache.close();
});
