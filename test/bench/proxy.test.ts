// The proxy bench works: each proxy of npm carries every kind of traffic, and it prints a table and writes JSON.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const targetSchema = z.object({ perSecond: z.number().positive(), ratio: z.number().positive() });
const reportSchema = z.object({ rows: z.record(z.string(), z.record(z.string(), targetSchema)) });

const PROXIES = ['relay', 'one', 'other', 'http-proxy-3', 'configurable-http-proxy'];

test('a short run measures each proxy with each kind of traffic, and leaves no process', () => {
  // nginx and haproxy would be downloaded.
  const flags = ['--short', '--only', PROXIES.join(','), '--dist', 'one=dist', '--dist', 'other=dist'];
  const { report, printed } = runBench(['bench/proxy/main.mjs', ...flags]);
  const { rows } = reportSchema.parse(report);
  expect(Object.keys(rows)).toEqual(['1 KiB', '1 KiB, browser', 'page files', '1 MiB', 'WebSocket echo']);
  for (const targets of Object.values(rows)) expect(Object.keys(targets)).toEqual(PROXIES);
  expect(printed).toContain('| 1 MiB | relay |');
});
