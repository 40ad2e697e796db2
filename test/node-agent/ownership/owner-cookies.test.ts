// The cookies of a claim, and how they find one's own sandbox again.
import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { findOwn, ownerCookies } from '../../../node-agent/ownership/owner-cookies.ts';
import { createSandbox, type Sandbox } from '../../../node-agent/sandboxes/table.ts';

const rules = { nodeId: 'n1', trustProxy: true };
const HTTPS = { https: true, inFrames: true };
const HTTP = { https: false, inFrames: false };
const https = { 'x-forwarded-proto': 'https' };

function claimed(changes: Partial<Sandbox> = {}): Sandbox {
  const sandbox = createSandbox({ image: 'i', recipe: 'r', createdAt: 0 });
  return { ...sandbox, state: 'active', key: 'k'.repeat(40), claimedBy: 'reader', claimedAt: 1, ...changes };
}
const pairs = (cookies: readonly string[]): string => cookies.map((each) => each.split(';', 1)[0]).join('; ');
const tableOf =
  (...all: readonly Sandbox[]) =>
  (id: string): Sandbox | undefined =>
    all.find((each) => each.id === id);

test('over https: for that sandbox alone, and a finder that only this host can set', () => {
  const sandbox = claimed();
  const [key, finder] = ownerCookies('n1', sandbox, HTTPS);
  expect(key).toBe(
    `tmpfleet_key=${sandbox.key}; Path=/user/${sandbox.id}/; HttpOnly; Secure; SameSite=None; Partitioned`,
  );
  expect(finder).toBe(
    `__Host-tmpfleet_n1_${sandbox.id.slice(0, 8)}=${sandbox.id}.${sandbox.key}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned`,
  );
});

test('over http: Lax', () => {
  const sandbox = claimed();
  expect(ownerCookies('n1', sandbox, HTTP)).toEqual([
    `tmpfleet_key=${sandbox.key}; Path=/user/${sandbox.id}/; HttpOnly; SameSite=Lax`,
    `tmpfleet_n1_${sandbox.id.slice(0, 8)}=${sandbox.id}.${sandbox.key}; Path=/; HttpOnly; SameSite=Lax`,
  ]);
});

describe('a reader’s own sandbox', () => {
  const mine = claimed();

  test('is found by its finder, and of several the one that was claimed last', () => {
    const later = claimed({ claimedAt: 2 });
    const headers = {
      ...https,
      cookie: `${pairs(ownerCookies('n1', later, HTTPS))}; ${pairs(ownerCookies('n1', mine, HTTPS))}`,
    };
    expect(findOwn({ headers, socket: undefined }, rules, tableOf(mine, later)).found).toBe(later);
    expect(findOwn({ headers, socket: undefined }, rules, tableOf(mine))).toEqual({
      found: mine,
      stale: [`__Host-tmpfleet_n1_${later.id.slice(0, 8)}`],
    });
  });

  test.each<[string, IncomingHttpHeaders, Sandbox]>([
    [
      'over https by a cookie that another host could set',
      { ...https, cookie: pairs(ownerCookies('n1', mine, HTTP)) },
      mine,
    ],
    ['with a cookie of another node', { cookie: pairs(ownerCookies('n1_x', mine, HTTP)) }, mine],
    ['with a wrong key', { cookie: pairs(ownerCookies('n1', { ...mine, key: 'x'.repeat(40) }, HTTP)) }, mine],
    ['without cookies', {}, mine],
    ['once it ends', { cookie: pairs(ownerCookies('n1', mine, HTTP)) }, { ...mine, state: 'removing' }],
    [
      'if a program claimed it',
      { cookie: pairs(ownerCookies('n1', mine, HTTP)) },
      { ...mine, claimedBy: 'program' },
    ],
    ['by the cookie of earlier versions', { cookie: `tmpfleet_n1=${mine.id}.${mine.key}` }, mine],
  ])('is not found %s', (_, headers, sandbox) => {
    expect(findOwn({ headers, socket: undefined }, rules, tableOf(sandbox)).found).toBeUndefined();
  });

  test('that an earlier version recorded is found by the cookie of that version', () => {
    const old = claimed({ claimedBy: 'unknown' });
    const headers = { cookie: `tmpfleet_n1=${old.id}.${old.key}` };
    expect(findOwn({ headers, socket: undefined }, rules, tableOf(old)).found).toBe(old);
  });

  test('of another node behind the same host name stays: its finder is not removed', () => {
    const headers = { cookie: pairs(ownerCookies('n1_x', mine, HTTP)) };
    expect(findOwn({ headers, socket: undefined }, rules, tableOf()).stale).toEqual([]);
  });
});
