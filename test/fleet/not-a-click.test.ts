// Through the front and all the way: requests that are not a person's click cost no sandbox.
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Demo, startDemo } from '../support/demo.ts';
import { Reader } from '../support/reader.ts';

const hostSchema = z.object({ fleet: z.object({ claims: z.number(), held: z.number() }) });
const statsSchema = z.object({ hosts: z.record(z.string(), hostSchema) });

describe('no sandbox is spent on', () => {
  let demo: Demo;
  let front = '';
  beforeAll(async () => {
    demo = startDemo(['--engine', 'local']);
    front = await demo.front();
  });
  afterAll(() => demo.end());

  /** Asks the nodes themselves: the front's own view is one poll old. */
  const claims = async (): Promise<number> => {
    const { hosts } = statsSchema.parse(await (await fetch(`${front}/stats`)).json());
    const reports = await Promise.all(
      Object.keys(hosts).map(async (url) => hostSchema.parse(await (await fetch(`${url}/stats`)).json())),
    );
    return reports.reduce((sum, { fleet }) => sum + fleet.claims + fleet.held, 0);
  };

  test.each([
    ['curl -L', { 'user-agent': 'curl/8.0', accept: '*/*' }],
    ['a link-preview bot', { 'user-agent': 'Slackbot-LinkExpanding 1.0', accept: 'text/html' }],
    ['a prefetch', { 'sec-purpose': 'prefetch', 'sec-fetch-mode': 'navigate', accept: 'text/html' }],
    [
      'a prerender',
      { 'sec-purpose': 'prefetch;prerender', 'sec-fetch-mode': 'navigate', accept: 'text/html' },
    ],
  ])('%s, which gets the launch page', async (_, headers) => {
    const landed = await new Reader(headers).click(`${front}/notebooks/intro.ipynb`);
    expect(landed.status).toBe(200);
    expect(landed.body).toContain('og:title');
    expect(await claims()).toBe(0);
  });

  test('curl -I, which gets the address that a reader would be sent to', async () => {
    const first = await request(`${front}/notebooks/intro.ipynb?x=1`, { method: 'HEAD' });
    expect(first.statusCode).toBe(302);
    expect(first.headers.location).toMatch(/\/notebooks\/intro\.ipynb\?x=1$/);
    const second = await request(String(first.headers.location), { method: 'HEAD' });
    expect(second.statusCode).toBe(200);
    expect(await claims()).toBe(0);
  });

  test('requests that browsers and crawlers make by themselves', async () => {
    for (const path of [
      '/favicon.ico',
      '/robots.txt',
      '/apple-touch-icon.png',
      '/.well-known/security.txt',
    ]) {
      const { statusCode } = await request(`${front}${path}`, { headers: { 'sec-fetch-mode': 'navigate' } });
      expect([200, 404]).toContain(statusCode);
    }
    expect(await claims()).toBe(0);
  });
});
