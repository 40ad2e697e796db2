// Tickets: a signed ticket is read back, and no other text is.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  clickOf,
  clickOfTicket,
  nodeOfTicket,
  signTicket,
  splitTicket,
  type Ticket,
  TicketSheet,
  ticketBehind,
  verifyTicket,
} from '../../../shared/protocol/ticket.ts';
import { secretKey } from '../../support/fleet-keys.ts';

const KEY = secretKey('a-key-of-the-node');
const OLD = secretKey('the-key-before-it');
const signed = (payload: string): string =>
  `${payload}~0${createHmac('sha512', KEY).update(payload).digest('base64url').slice(0, 20)}`;
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
const unsigned = signTicket(ticket, [KEY]).replace(/~[^~]*$/, '');

describe('a ticket', () => {
  test('as built by these tests is valid', () => {
    expect(verifyTicket(signed(unsigned), [KEY], 0)).toEqual(ticket);
  });

  test('is read back as it was signed', () => {
    expect(verifyTicket(signTicket(ticket, [KEY]), [KEY], 0)).toEqual(ticket);
  });

  test('names its click the same on every hop, and another of the same sheet differently', () => {
    const bounced = { ...ticket, node: 'node9', hops: 2, tried: ['node3', 'node7'] };
    const names = [ticket, bounced].map((each) => clickOfTicket(signTicket(each, [KEY])));
    expect(names).toEqual([clickOf(ticket.nonce), clickOf(ticket.nonce)]);
    const sheet = new TicketSheet({ ...ticket, hops: 0, tried: [] }, [KEY]);
    const texts = Array.from({ length: 4 }, () => sheet.next() ?? '');
    const clicks = texts.map(clickOfTicket);
    expect(new Set(clicks).size).toBe(4);
    expect(clicks).toEqual(texts.map((text) => clickOf(verifyTicket(text, [KEY], 0)?.nonce ?? '')));
  });

  test('says whether its reader has clicked, and reads as one who has not where it says nothing', () => {
    const text = signTicket({ ...ticket, pressed: true }, [KEY]);
    expect(verifyTicket(text, [KEY], 0)).toEqual({ ...ticket, pressed: true });
    expect(signTicket({ ...ticket, pressed: false }, [KEY])).toBe(signTicket(ticket, [KEY]));
  });

  test('is valid with the old key while keys rotate', () => {
    expect(verifyTicket(signTicket(ticket, [OLD]), [KEY, OLD], 0)).toEqual(ticket);
  });

  test('is read back with the seal of a front on the nodes tried before', () => {
    const sealed = { ...ticket, tried: ['node3', 'node7'], hops: 2, seal: 'a-seal-of-22-characters' };
    expect(verifyTicket(signTicket(sealed, [KEY]), [KEY], 0)).toEqual(sealed);
  });

  test('tells the node whose key to verify it with', () => {
    expect(nodeOfTicket(signTicket(ticket, [KEY]))).toBe('node7');
    for (const text of ['', '~~~', 'A'.repeat(1_000)]) expect(nodeOfTicket(text) ?? '').toBe('');
  });

  test('is invalid once it has expired', () => {
    const text = signTicket(ticket, [KEY]);
    expect(verifyTicket(text, [KEY], ticket.expires)).toEqual(ticket);
    expect(verifyTicket(text, [KEY], ticket.expires + 1)).toBeUndefined();
  });

  test('is invalid with any one character changed', () => {
    const text = signTicket(ticket, [KEY]);
    for (let index = 0; index < text.length; index += 1) {
      const changed = `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`;
      expect(verifyTicket(changed, [KEY], 0), `at ${index}`).toBeUndefined();
    }
  });

  test.each([
    ['another key', () => signTicket(ticket, [secretKey('somebody-elses-key')])],
    ['nothing at all', () => ''],
    ['a tilde', () => '~'],
    ['no signature', () => signTicket(ticket, [KEY]).replace(/~[^~]*$/, '')],
    ['too few parts, though signed', () => signed('4~front-1~b00t~node7')],
    ['another version, though signed', () => signed(unsigned.replace(/^4/, '2'))],
    ['a number that is none, though signed', () => signed(unsigned.replace(/~1~-~node3$/, '~x!~-~node3'))],
    [
      'more hops than anyone makes, though signed',
      () => signed(unsigned.replace(/~1~-~node3$/, '~9~-~node3')),
    ],
    ['more tried nodes than anyone notes, though signed', () => signed(`${unsigned}${'~n'.repeat(8)}`)],
    ['a megabyte', () => 'A'.repeat(1_000_000)],
  ])('is nothing when it is signed by or consists of %s', (_, make) => {
    expect(verifyTicket(make(), [KEY], 0)).toBeUndefined();
  });

  test('is invalid where there is no key', () => {
    expect(verifyTicket(signTicket(ticket, [KEY]), [], 0)).toBeUndefined();
  });

  test('stays short enough for any URL', () => {
    expect(signTicket(ticket, [KEY]).length).toBeLessThan(110);
  });
});

describe('a sheet of tickets', () => {
  const { nonce: _, ...alike } = { ...ticket, tried: [], hops: 0 };
  const all = (sheet: TicketSheet): string[] => {
    const texts: string[] = [];
    for (let text = sheet.next(); text !== undefined; text = sheet.next()) texts.push(text);
    return texts;
  };

  test.each([1, 2, 16])('of %i MACs gives out four for each, every one with a nonce of its own', (size) => {
    const texts = all(new TicketSheet(alike, [KEY], size));
    const tickets = texts.map((text) => verifyTicket(text, [KEY], 0));
    for (const each of tickets) expect(each).toEqual({ ...alike, nonce: each?.nonce });
    expect(new Set(tickets.map((each) => each?.nonce)).size).toBe(4 * size);
  });

  test('gives out the same tickets as signing one by one', () => {
    for (const text of all(new TicketSheet(alike, [KEY], 2))) {
      const read = verifyTicket(text, [KEY], 0);
      if (read === undefined) throw new TypeError(`${text} is no ticket`);
      expect(signTicket(read, [KEY])).toBe(text);
    }
  });

  test('signs with the first key', () => {
    for (const text of all(new TicketSheet(alike, [KEY, OLD]))) {
      expect(verifyTicket(text, [OLD], 0)).toBeUndefined();
      expect(verifyTicket(text, [KEY], 0)).toBeDefined();
    }
  });

  test("has no ticket that is valid with another one's signature, or in another one's place", () => {
    const texts = all(new TicketSheet(alike, [KEY]));
    for (const one of texts) {
      for (const other of texts) {
        const payload = one.slice(0, one.lastIndexOf('~'));
        const [slot, tag] = [one.at(-21), other.slice(-20)];
        const isItsOwn = one === other;
        expect(verifyTicket(`${payload}~${slot}${tag}`, [KEY], 0) !== undefined).toBe(isItsOwn);
      }
    }
    const [first = ''] = texts;
    for (const slot of ['1', '2', '3', '4', '.', '']) {
      expect(verifyTicket(`${first.slice(0, -21)}${slot}${first.slice(-20)}`, [KEY], 0)).toBeUndefined();
    }
  });
});

describe('a query with a ticket', () => {
  const text = signTicket(ticket, [KEY]);

  test.each(['', 'x=1', 'x=1&y=%20&&z', 'a=%zz&ticket=my-own'])('gives %j back byte for byte', (query) => {
    const whole = `?${query}${ticketBehind(query, text)}`.replace('??', '?');
    expect(splitTicket(whole.slice(1))).toEqual({ query, ticket: text });
  });

  test('is read where a program encoded more than it needed to', () => {
    expect(splitTicket(`x=1&ticket=${text.replaceAll('~', '%7E')}`)).toEqual({ query: 'x=1', ticket: text });
  });

  test('is recognized in every version of the ticket format', () => {
    const older = '2~front-1~b00t~node7~s4lhzi~nonce~s4lhzi~0~signature';
    expect(splitTicket(`x=1&ticket=${older}`)).toEqual({ query: 'x=1', ticket: older });
    expect(verifyTicket(older, [KEY], 0)).toBeUndefined();
  });

  test("leaves a reader's own ticket= alone", () => {
    expect(splitTicket('ticket=concert&x=1')).toEqual({ query: 'ticket=concert&x=1', ticket: undefined });
  });
});
