// Tickets: what is signed comes back, and nothing else does.
import { describe, expect, test } from 'vitest';
import { appendTicket, signTicket, splitTicket, type Ticket, verifyTicket } from '../../shared/ticket.ts';

const SECRET = 'a-secret-of-the-fleet';
const OLD = 'the-secret-before-it';
const ticket: Ticket = {
  redirector: 'front-1',
  boot: 'b00t',
  node: 'node7',
  epoch: 1_700_000_000,
  nonce: 'abcdefgh12345678',
  expires: 1_700_000_030_000,
  tried: ['node3'],
  hops: 1,
};

describe('a ticket', () => {
  test('comes back as it was signed', () => {
    expect(verifyTicket(signTicket(ticket, [SECRET]), [SECRET], 0)).toEqual(ticket);
  });

  test('is good under the old secret while secrets rotate', () => {
    expect(verifyTicket(signTicket(ticket, [OLD]), [SECRET, OLD], 0)).toEqual(ticket);
  });

  test('is nothing when it has expired', () => {
    const text = signTicket(ticket, [SECRET]);
    expect(verifyTicket(text, [SECRET], ticket.expires)).toEqual(ticket);
    expect(verifyTicket(text, [SECRET], ticket.expires + 1)).toBeUndefined();
  });

  test('is nothing with any one character changed', () => {
    const text = signTicket(ticket, [SECRET]);
    // The last character of base64url may hold unused bits, so a change there may change nothing.
    for (let index = 0; index < text.length - 1; index += 1) {
      const changed = `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`;
      expect(verifyTicket(changed, [SECRET], 0), `at ${index}`).toBeUndefined();
    }
  });

  test.each([
    ['another secret', () => signTicket(ticket, ['somebody-elses-secret'])],
    ['nothing at all', () => ''],
    ['a dot', () => '.'],
    ['no signature', () => signTicket(ticket, [SECRET]).split('.')[0] ?? ''],
    ['a payload that is not JSON', () => `${Buffer.from('{').toString('base64url')}.AAAAAAAAAAAAAAAAAAAAAA`],
    ['a megabyte', () => 'A'.repeat(1_000_000)],
  ])('is nothing when it is signed by or consists of %s', (_, make) => {
    expect(verifyTicket(make(), [SECRET], 0)).toBeUndefined();
  });

  test('is nothing where there is no secret', () => {
    expect(verifyTicket(signTicket(ticket, [SECRET]), [], 0)).toBeUndefined();
  });

  test('stays short enough for any URL', () => {
    expect(signTicket(ticket, [SECRET]).length).toBeLessThan(200);
  });
});

describe('a query with a ticket', () => {
  const text = signTicket(ticket, [SECRET]);

  test.each(['', 'x=1', 'x=1&y=%20&&z', 'a=%zz&ticket=my-own'])('gives %j back byte for byte', (query) => {
    expect(splitTicket(appendTicket(query, text))).toEqual({ query, ticket: text });
  });

  test("leaves a reader's own ticket= alone", () => {
    expect(splitTicket('ticket=concert&x=1')).toEqual({ query: 'ticket=concert&x=1', ticket: undefined });
  });
});
