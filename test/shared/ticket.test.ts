// Tickets: what is signed comes back, and nothing else does.
import { describe, expect, test } from 'vitest';
import { createMac } from '../../shared/mac.ts';
import { appendTicket, signTicket, splitTicket, type Ticket, verifyTicket } from '../../shared/ticket.ts';

const SECRET = 'a-secret-of-the-fleet';
const OLD = 'the-secret-before-it';
const signed = (payload: string): string => `${payload}~${createMac(SECRET)(payload).slice(0, 22)}`;
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
const unsigned = signTicket(ticket, [SECRET]).replace(/~[^~]*$/, '');

describe('a ticket', () => {
  test('as taken apart by these tests is one', () => {
    expect(verifyTicket(signed(unsigned), [SECRET], 0)).toEqual(ticket);
  });

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
    ['a tilde', () => '~'],
    ['no signature', () => signTicket(ticket, [SECRET]).replace(/~[^~]*$/, '')],
    ['too few parts, though signed', () => signed('2~front-1~b00t~node7')],
    ['another version, though signed', () => signed(unsigned.replace(/^2/, '1'))],
    ['a number that is none, though signed', () => signed(unsigned.replace(/~1~node3$/, '~x!~node3'))],
    ['more hops than anyone makes, though signed', () => signed(unsigned.replace(/~1~node3$/, '~9~node3'))],
    ['more tried nodes than anyone notes, though signed', () => signed(`${unsigned}${'~n'.repeat(8)}`)],
    ['a megabyte', () => 'A'.repeat(1_000_000)],
  ])('is nothing when it is signed by or consists of %s', (_, make) => {
    expect(verifyTicket(make(), [SECRET], 0)).toBeUndefined();
  });

  test('is nothing where there is no secret', () => {
    expect(verifyTicket(signTicket(ticket, [SECRET]), [], 0)).toBeUndefined();
  });

  test('stays short enough for any URL', () => {
    expect(signTicket(ticket, [SECRET]).length).toBeLessThan(110);
  });
});

describe('a query with a ticket', () => {
  const text = signTicket(ticket, [SECRET]);

  test.each(['', 'x=1', 'x=1&y=%20&&z', 'a=%zz&ticket=my-own'])('gives %j back byte for byte', (query) => {
    expect(splitTicket(appendTicket(query, text))).toEqual({ query, ticket: text });
  });

  test('is read where a program encoded what it need not have', () => {
    expect(splitTicket(`x=1&ticket=${text.replaceAll('~', '%7E')}`)).toEqual({ query: 'x=1', ticket: text });
  });

  test("leaves a reader's own ticket= alone", () => {
    expect(splitTicket('ticket=concert&x=1')).toEqual({ query: 'ticket=concert&x=1', ticket: undefined });
  });
});
