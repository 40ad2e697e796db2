// The signed name of the client for whom a front asks a node for a sandbox.
import { createSecretKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { readClientHeader, signClientHeader } from '../../../shared/protocol/client-header.ts';

const keyOf = (text: string) => createSecretKey(Buffer.from(text));
const KEYS = [keyOf('the-key-of-this-node')];
const header = signClientHeader('2001:db8:1:2::/64', 'ticket-1', KEYS);

test('is read with the same key and ticket, also while secrets rotate', () => {
  expect(readClientHeader(header, 'ticket-1', KEYS)).toBe('2001:db8:1:2::/64');
  expect(readClientHeader(header, 'ticket-1', [keyOf('a-newer-key'), ...KEYS])).toBe('2001:db8:1:2::/64');
});

test.each([
  ['another ticket', header, 'ticket-2', KEYS],
  ['another key', header, 'ticket-1', [keyOf('the-key-of-another')]],
  ['no key', header, 'ticket-1', []],
  ['another client', header.replace('db8', 'db9'), 'ticket-1', KEYS],
  ['no tag', '192.0.2.1', 'ticket-1', KEYS],
  ['an empty tag', '192.0.2.1~', 'ticket-1', KEYS],
  ['what is no client', signClientHeader('nonsense', 'ticket-1', KEYS), 'ticket-1', KEYS],
  ['more than two parts', `${header}~`, 'ticket-1', KEYS],
])('is not believed with %s', (_what, text, ticket, keys) => {
  expect(readClientHeader(text, ticket, keys)).toBeUndefined();
});
