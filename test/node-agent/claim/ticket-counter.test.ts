// A ticket that arrives is counted once, by its redirector and its second.
import { describe, expect, test } from 'vitest';
import { TicketCounter } from '../../../node-agent/claim/ticket-counter.ts';
import { signTicket, type Ticket } from '../../../shared/protocol/ticket.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';

const SECRET = 'a-secret-of-the-fleet';

function setUp() {
  let now = 1_000_000;
  const clock = { now: () => now, monotonic: () => now };
  const tickets = new TicketCounter('node7', ticketKeys('node7', SECRET), clock);
  const ticket = (changes: Partial<Ticket> = {}) =>
    signTicket(
      {
        redirector: 'r1',
        boot: 'b1',
        node: 'node7',
        epoch: 1000,
        nonce: 'nonce-0001',
        expires: now + 30_000,
        tried: [],
        hops: 0,
        ...changes,
      },
      ticketKeys(changes.node ?? 'node7', SECRET),
    );
  return { tickets, ticket, pass: (ms: number) => (now += ms) };
}

describe('the ticket counter', () => {
  test('counts each ticket once, by redirector, boot and epoch', () => {
    const { tickets, ticket } = setUp();
    tickets.count(ticket());
    tickets.count(ticket());
    tickets.count(ticket({ nonce: 'nonce-0002' }));
    tickets.count(ticket({ nonce: 'nonce-0003', epoch: 1001 }));
    tickets.count(ticket({ nonce: 'nonce-0004', boot: 'b2' }));
    expect(tickets.seen()).toEqual({ 'r1/b1': { 1000: 2, 1001: 1 }, 'r1/b2': { 1000: 1 } });
  });

  test('does not count a ticket that is stale, forged, or for another node', () => {
    const { tickets, ticket, pass } = setUp();
    const stale = ticket({ nonce: 'nonce-0009' });
    expect(tickets.count(ticket({ node: 'node8' }))).toBeUndefined();
    expect(tickets.count(`${ticket().slice(0, -3)}AAA`)).toBeUndefined();
    expect(tickets.count(undefined)).toBeUndefined();
    pass(31_000);
    expect(tickets.count(stale)).toBeUndefined();
    expect(tickets.seen()).toEqual({});
  });

  test('forgets tickets after a minute', () => {
    const { tickets, ticket, pass } = setUp();
    tickets.count(ticket());
    pass(59_000);
    expect(Object.keys(tickets.seen())).toHaveLength(1);
    pass(2_000);
    expect(tickets.seen()).toEqual({});
  });
});
