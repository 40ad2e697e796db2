// Counting who is on the way: by seconds where the node tells, by time where it does not.
import { describe, expect, test } from 'vitest';
import { epochAt, Ledger, YOUNG_EPOCHS } from '../../../redirector/nodes/pending.ts';
import { seeded } from '../support.ts';

const START = 1_800_000_000_000;

describe('a ledger by tickets', () => {
  test('counts each second by itself, and expires whoever never arrives', () => {
    const ledger = new Ledger();
    ledger.sentWithTicket(START);
    ledger.sentWithTicket(START);
    ledger.sentWithTicket(START + 1_000);
    expect(ledger.pendingByTickets({}, START + 1_500)).toBe(3);
    expect(ledger.pendingByTickets({ [epochAt(START)]: 1 }, START + 1_500)).toBe(2);
    expect(ledger.nextExpiry(START + 1_500)).toBe(epochAt(START) + YOUNG_EPOCHS);
    expect(ledger.pendingByTickets({}, START + 10_000)).toBe(1);
    expect(ledger.pendingByTickets({}, START + 11_000)).toBe(0);
    expect(ledger.nextExpiry(START + 11_000)).toBeUndefined();
  });

  test('agrees with a plain count over 2,000 sends at random times', () => {
    const random = seeded(5);
    const ledger = new Ledger();
    const sent: number[] = [];
    let now = START;
    for (let turn = 0; turn < 2_000; turn += 1) {
      now += Math.floor(random() * (random() < 0.02 ? 20_000 : 900));
      ledger.sentWithTicket(now);
      sent.push(epochAt(now));
      const seen: Record<string, number> = { [epochAt(now) - 2]: 2 };
      const byEpoch = new Map<number, number>();
      for (const epoch of sent.slice(-200)) byEpoch.set(epoch, (byEpoch.get(epoch) ?? 0) + 1);
      let pending = 0;
      for (const [epoch, count] of byEpoch) {
        if (epoch > epochAt(now) - YOUNG_EPOCHS) pending += Math.max(0, count - (seen[epoch] ?? 0));
      }
      expect(ledger.pendingByTickets(seen, now)).toBe(pending);
    }
  });

  test('counts on when the clock is set back by a moment, and begins anew when by more', () => {
    const ledger = new Ledger();
    ledger.sentWithTicket(START);
    ledger.sentWithTicket(START - 2_000);
    expect(ledger.pendingByTickets({}, START - 2_000)).toBe(2);
    ledger.sentWithTicket(START - 60_000);
    expect(ledger.pendingByTickets({}, START - 60_000)).toBe(1);
  });

  test('forgets everyone when the node boots', () => {
    const ledger = new Ledger();
    ledger.sentWithTicket(START);
    ledger.sent(START);
    ledger.reset();
    expect([ledger.pendingByTickets({}, START), ledger.pendingByTime(START)]).toEqual([0, 0]);
  });
});

describe('a ledger by time', () => {
  test('counts those sent since shortly before the last report was asked for, however long ago that was', () => {
    const ledger = new Ledger();
    for (let second = 0; second < 60; second += 1) ledger.sent(START + second * 1_000);
    expect(ledger.pendingByTime(START)).toBe(60);
    expect(ledger.pendingByTime(START + 59_000)).toBe(2);
    ledger.settle(START + 30_000);
    expect(ledger.pendingByTime(START)).toBe(31);
  });
});
