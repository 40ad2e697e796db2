// When a sandbox ends, and how its reader learns of it: always by a header, on pages once it matters.
import { afterEach, describe, expect, test } from 'vitest';
import { makeRoom } from '../../../node-agent/proxy/page-tail.ts';
import { findDeadline } from '../../../node-agent/sandboxes/deadline.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { Reader } from '../../support/reader.ts';

const HOUR = 3_600_000;

describe('a sandbox', () => {
  test.each([
    ['that is not claimed, on a node that stays', undefined, null, undefined],
    ['in its life', 1_000, null, { at: 1_000 + HOUR, why: 'age' }],
    ['whose node is drained sooner', 1_000, 5_000, { at: 5_000, why: 'drain' }],
    ['whose node is drained later', 1_000, 2 * HOUR, { at: 1_000 + HOUR, why: 'age' }],
  ] as const)('%s', (_, claimedAt, drain, expected) => {
    expect(findDeadline({ claimedAt }, drain, HOUR)).toEqual(expected);
  });

  test('may have no age limit', () => {
    expect(findDeadline({ claimedAt: 1 }, null, 0)).toBeUndefined();
    expect(findDeadline({ claimedAt: 1 }, 7, 0)).toEqual({ at: 7, why: 'drain' });
  });
});

describe('room for a script', () => {
  const page = [
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Length',
    '100',
    'ETag',
    '"x"',
    'Digest',
    'x',
  ];

  test('is made by a greater length, and headers that describe the old bytes go, but for the tag', () => {
    expect(makeRoom(page, 200, 11)).toEqual([
      'Content-Type',
      'text/html; charset=utf-8',
      'Content-Length',
      '111',
      'ETag',
      '"x"',
    ]);
  });

  test.each([
    ['compressed', [...page, 'Content-Encoding', 'gzip'], 200],
    ['a part', page, 206],
    ['an error', page, 404],
    ['no page', ['Content-Type', 'application/json'], 200],
    ['of no stated kind', [], 200],
  ] as const)('is not made in what is %s', (_, headers, status) => {
    expect(makeRoom(headers, status, 11)).toBeUndefined();
  });
});

describe('a reader', () => {
  let agent: TestAgent;
  afterEach(() => agent.close());

  const PERSON = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
  const drain = () =>
    fetch(`${agent.controlUrl}/api/drain`, { method: 'POST', body: JSON.stringify({ deadline: '42m' }) });

  test('learns from a header when their sandbox ends, and from a script on its pages', async () => {
    agent = await startAgent({ command: 'scratchpad', maxAge: '4h' });
    await agent.warm(2);
    const reader = new Reader(PERSON);
    const before = await reader.click(`${agent.url}/`);
    const age = Date.parse(String(before.headers['tmpfleet-deadline'])) - Date.now();
    expect(age).toBeGreaterThan(3.9 * HOUR);
    expect(age).toBeLessThanOrEqual(4 * HOUR);
    const tag = `<script src="/\\.tmpfleet/companion\\.js\\?v=[0-9a-f]{12}" data-base="/user/${before.sandbox}/" async></script>\n$`;
    expect(before.body).toMatch(new RegExp(tag));

    await drain();
    const after = await reader.click(before.url);
    const left = Date.parse(String(after.headers['tmpfleet-deadline'])) - Date.now();
    expect(left).toBeGreaterThan(40 * 60_000);
    expect(left).toBeLessThanOrEqual(42 * 60_000);
    expect(after.body).toBe(before.body);
  });

  test('who is a script gets the page unchanged, and the header', async () => {
    agent = await startAgent({ command: 'scratchpad' });
    await agent.warm(2);
    const { url, body, own } = await new Reader(PERSON).click(`${agent.url}/`);
    await drain();
    const script = await fetch(url, {
      headers: { ...own, 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
    });
    expect(script.headers.get('tmpfleet-deadline')).not.toBeNull();
    expect(body).toContain('/.tmpfleet/companion.js');
    expect(await script.text()).toBe(body.replace(/\n<script src="\/\.tmpfleet.*$/s, ''));
  });

  test('has pages without a script if it is switched off', async () => {
    agent = await startAgent({ command: 'scratchpad', companion: false });
    await agent.warm(2);
    const reader = new Reader(PERSON);
    const { url, body } = await reader.click(`${agent.url}/`);
    await drain();
    const after = await reader.click(url);
    expect(after.headers['tmpfleet-deadline']).toBeDefined();
    expect(after.body).toBe(body);
    expect(body).not.toContain('.tmpfleet');
  });
});
