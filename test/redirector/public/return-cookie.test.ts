// The cookie that leads readers back to their node, as a client may send it: from another host, or hundreds of them.
import type { IncomingHttpHeaders } from 'node:http';
import { expect, test, vi } from 'vitest';
import { ReturnCookies } from '../../../redirector/public/return-cookie.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { SECRET, TestClock } from '../support.ts';

const clock = new TestClock();
const keys = new FleetKeys([SECRET]);
const cookies = new ReturnCookies({ keys, trustProxy: true, clock });
const hour = Math.floor(clock.now() / 3_600_000).toString(36);
const find = (headers: IncomingHttpHeaders, ticket: string | undefined): string | undefined =>
  cookies.find({ headers, socket: undefined }, ticket);
const good = `n1~${hour}~${keys.returns.sign(`n1~${hour}`)}`;
const https = { 'x-forwarded-proto': 'https' };

test('hundreds of made-up ones cost a few signatures', () => {
  const verify = vi.spyOn(keys.returns, 'verify');
  const made = Array.from({ length: 500 }, (_, n) => `tmpfleet_node=n${n}~${hour}~${'a'.repeat(22)}`);
  expect(find({ cookie: made.join('; ') }, undefined)).toBeUndefined();
  expect(verify.mock.calls.length).toBeLessThanOrEqual(4);
  expect(find({ cookie: [made[0], `tmpfleet_node=${good}`].join('; ') }, undefined)).toBe('n1');
  verify.mockRestore();
});

test('over https only one that this host has set counts', () => {
  expect(find({ ...https, cookie: `tmpfleet_node=${good}` }, undefined)).toBeUndefined();
  expect(find({ ...https, cookie: `__Host-tmpfleet_node=${good}` }, undefined)).toBe('n1');
  expect(find({ cookie: `__Host-tmpfleet_node=${good}` }, undefined)).toBeUndefined();
});

test('a node that sends a reader on is not the one that they are led to', () => {
  const ticket = '4~none~none~n1~1~a~1~1r~-~n1~0forged';
  expect(find({ cookie: `tmpfleet_node=${good}` }, ticket)).toBeUndefined();
  expect(find({ cookie: `tmpfleet_node=${good}` }, ticket.replaceAll('n1', 'n2'))).toBe('n1');
});
