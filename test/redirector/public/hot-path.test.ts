// What a redirect skips so that it stays cheap, and what it must do all the same.
import { afterEach, describe, expect, test } from 'vitest';
import { Fleet, findNode } from '../../../redirector/nodes/fleet.ts';
import type { Sent } from '../../../redirector/placement/dispatcher.ts';
import { createAccessLog } from '../../../redirector/public/access-log.ts';
import { systemClock } from '../../../shared/clock.ts';
import { signTicket, splitTicket, verifyTicket } from '../../../shared/protocol/ticket.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';
import { Bench, SECRET, seeded, silent } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const fleet = new Fleet(systemClock);
fleet.setMembers([{ id: 'n1', url: 'http://n1' }]);
const sent: Sent = { view: findNode(fleet, 'n1'), ticket: undefined };

/** Paths that got into the log, of a number of redirects. */
function logged(share: number, redirects: number): readonly unknown[] {
  const lines: unknown[] = [];
  const logger = silent.child({});
  logger.info = (line: unknown) => void lines.push(line);
  const log = createAccessLog({ share, logger, random: seeded(1) });
  const request = { url: '/tree?token=secret' };
  for (let index = 0; index < redirects; index += 1) log?.(request, sent);
  return lines;
}

describe('the access log', () => {
  test('is empty by default', () => {
    expect(createAccessLog({ share: 0, logger: silent, random: seeded(1) })).toBeUndefined();
  });

  test('has the configured share of redirects, and neither query nor ticket', () => {
    const lines = logged(0.1, 10_000);
    expect(lines.length).toBeGreaterThan(900);
    expect(lines.length).toBeLessThan(1_100);
    expect(lines[0]).toEqual({ path: '/tree', node: 'n1', share: 0.1 });
  });

  test('has every redirect of a click or none, and names the click', () => {
    const lines: { click?: string }[] = [];
    const logger = silent.child({});
    logger.info = (line: { click?: string }) => void lines.push(line);
    const log = createAccessLog({ share: 0.5, logger, random: seeded(1) });
    const keys = ticketKeys('n1', SECRET);
    for (let click = 0; click < 200; click += 1) {
      const journey = {
        redirector: 'f',
        boot: 'b',
        node: 'n1',
        epoch: 0,
        expires: 1,
        nonce: `nonce${click}`,
      };
      for (const hops of [0, 1]) {
        const ticket = signTicket({ ...journey, tried: [], hops }, keys);
        log?.({ url: '/' }, { ...sent, ticket });
      }
    }
    const counts = new Map<string, number>();
    for (const { click = '' } of lines) counts.set(click, (counts.get(click) ?? 0) + 1);
    expect(new Set(counts.values())).toEqual(new Set([2]));
    expect(counts.size).toBeGreaterThan(60);
    expect(counts.size).toBeLessThan(140);
  });

  test('has every redirect when the share is 1', () => {
    expect(logged(1, 50)).toHaveLength(50);
  });
});

describe('a redirect', () => {
  test('carries CORS headers if an origin is allowed, and none otherwise', async () => {
    const node = await bench.node();
    const open = await bench.front({ allowOrigin: 'https://journal.example.org' });
    const closed = await bench.front();
    for (const front of [open, closed]) await front.add(node);
    const origin = 'access-control-allow-origin';
    const answer = await open.get('/tree');
    expect(answer.status).toBe(302);
    expect(answer.headers.get(origin)).toBe('https://journal.example.org');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await closed.get('/tree')).headers.get(origin)).toBeNull();
  });

  test('is counted by node and by kind of client', async () => {
    const node = await bench.node();
    const front = await bench.front();
    await front.add(node);
    for (let index = 0; index < 3; index += 1) await front.get('/tree');
    await fetch(`${front.url}/api/spawn`, { method: 'POST' });
    const metrics = await (await fetch(`${front.controlUrl}/metrics`)).text();
    const again = await (await fetch(`${front.controlUrl}/metrics`)).text();
    for (const text of [metrics, again]) {
      expect(text).toMatch(/tmpfleet_redirects_total\{[^}]*reason="redirect"[^}]*\} 3\n/);
      expect(text).toMatch(/tmpfleet_redirects_total\{[^}]*reason="spawn"[^}]*\} 1\n/);
    }
  });

  test('has a valid ticket with a nonce of its own', async () => {
    const node = await bench.node();
    const front = await bench.front();
    await front.add(node);
    const nonces = new Set<string | undefined>();
    for (let index = 0; index < 5; index += 1) {
      const location = (await front.get('/tree')).headers.get('location') ?? '';
      const { ticket = '' } = splitTicket(location.slice(location.indexOf('?') + 1));
      nonces.add(verifyTicket(ticket, ticketKeys(node.settings.node, SECRET), Date.now())?.nonce);
    }
    expect(nonces).not.toContain(undefined);
    expect(nonces.size).toBe(5);
  });
});
