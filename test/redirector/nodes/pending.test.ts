// Counts readers on their way to a node: by second where the node counts tickets, by time where it does not.
import { describe, expect, test } from 'vitest';
import { epochAt, PendingReaders, YOUNG_EPOCHS } from '../../../redirector/nodes/pending.ts';
import { seeded } from '../support.ts';

const START = 1_800_000_000_000;

describe('pending readers with tickets', () => {
  test('counts each second by itself, and expires readers who never arrive', () => {
    const pending = new PendingReaders();
    pending.addWithTicket(START);
    pending.addWithTicket(START);
    pending.addWithTicket(START + 1_000);
    expect(pending.countByTickets({}, START + 1_500)).toBe(3);
    expect(pending.countByTickets({ [epochAt(START)]: 1 }, START + 1_500)).toBe(2);
    expect(pending.nextExpiry(START + 1_500)).toBe(epochAt(START) + YOUNG_EPOCHS);
    expect(pending.countByTickets({}, START + 10_000)).toBe(1);
    expect(pending.countByTickets({}, START + 11_000)).toBe(0);
    expect(pending.nextExpiry(START + 11_000)).toBeUndefined();
  });

  test('agrees with a plain count over 2,000 sends at random times', () => {
    const random = seeded(5);
    const pending = new PendingReaders();
    const sent: number[] = [];
    let now = START;
    for (let turn = 0; turn < 2_000; turn += 1) {
      now += Math.floor(random() * (random() < 0.02 ? 20_000 : 900));
      pending.addWithTicket(now);
      sent.push(epochAt(now));
      const seen: Record<string, number> = { [epochAt(now) - 2]: 2 };
      const byEpoch = new Map<number, number>();
      for (const epoch of sent.slice(-200)) byEpoch.set(epoch, (byEpoch.get(epoch) ?? 0) + 1);
      let expected = 0;
      for (const [epoch, count] of byEpoch) {
        if (epoch > epochAt(now) - YOUNG_EPOCHS) expected += Math.max(0, count - (seen[epoch] ?? 0));
      }
      expect(pending.countByTickets(seen, now)).toBe(expected);
    }
  });

  test('keeps counting after the clock is set back a little, and starts again after a large step', () => {
    const pending = new PendingReaders();
    pending.addWithTicket(START);
    pending.addWithTicket(START - 2_000);
    expect(pending.countByTickets({}, START - 2_000)).toBe(2);
    pending.addWithTicket(START - 60_000);
    expect(pending.countByTickets({}, START - 60_000)).toBe(1);
  });

  test('forgets everything when the node restarts', () => {
    const pending = new PendingReaders();
    pending.addWithTicket(START);
    pending.add(START);
    pending.reset();
    expect([pending.countByTickets({}, START), pending.countByTime(START)]).toEqual([0, 0]);
  });
});

describe('pending readers without tickets', () => {
  test('counts readers sent since shortly before the last report was requested', () => {
    const pending = new PendingReaders();
    for (let second = 0; second < 60; second += 1) pending.add(START + second * 1_000);
    expect(pending.countByTime(START)).toBe(60);
    expect(pending.countByTime(START + 59_000)).toBe(2);
    pending.settle(START + 30_000);
    expect(pending.countByTime(START)).toBe(31);
  });

  test('a reader who has arrived is not counted once a report is requested after that', () => {
    const pending = new PendingReaders();
    for (const ms of [0, 10, 20]) pending.add(START + ms);
    pending.arrived(START + 300);
    expect([START + 300, START + 301].map((askedAt) => pending.countByTime(askedAt))).toEqual([3, 2]);
    pending.arrived(START + 400);
    pending.arrived(START + 500);
    expect(pending.countByTime(START + 501)).toBe(0);
  });
});
