// Tickets that arrive are counted once, for the redirector and the second they are of.
import { describe, expect, test } from 'vitest';
import { Arrivals } from '../../../node-agent/claim/ticket-counter.ts';
import { signTicket, type Ticket } from '../../../shared/protocol/ticket.ts';

const SECRET = 'a-secret-of-the-fleet';

function setUp() {
  let now = 1_000_000;
  const clock = { now: () => now, monotonic: () => now };
  const arrivals = new Arrivals('node7', [SECRET], clock);
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
      [SECRET],
    );
  return { arrivals, ticket, pass: (ms: number) => (now += ms) };
}

describe('arrivals', () => {
  test('count each ticket once, by redirector, boot and epoch', () => {
    const { arrivals, ticket } = setUp();
    arrivals.arrive(ticket());
    arrivals.arrive(ticket());
    arrivals.arrive(ticket({ nonce: 'nonce-0002' }));
    arrivals.arrive(ticket({ nonce: 'nonce-0003', epoch: 1001 }));
    arrivals.arrive(ticket({ nonce: 'nonce-0004', boot: 'b2' }));
    expect(arrivals.seen()).toEqual({ 'r1/b1': { 1000: 2, 1001: 1 }, 'r1/b2': { 1000: 1 } });
  });

  test('do not count what is for another node, forged, or stale', () => {
    const { arrivals, ticket, pass } = setUp();
    const stale = ticket({ nonce: 'nonce-0009' });
    expect(arrivals.arrive(ticket({ node: 'node8' }))).toBeUndefined();
    expect(arrivals.arrive(`${ticket().slice(0, -3)}AAA`)).toBeUndefined();
    expect(arrivals.arrive(undefined)).toBeUndefined();
    pass(31_000);
    expect(arrivals.arrive(stale)).toBeUndefined();
    expect(arrivals.seen()).toEqual({});
  });

  test('are forgotten after a minute', () => {
    const { arrivals, ticket, pass } = setUp();
    arrivals.arrive(ticket());
    pass(59_000);
    expect(Object.keys(arrivals.seen())).toHaveLength(1);
    pass(2_000);
    expect(arrivals.seen()).toEqual({});
  });
});
