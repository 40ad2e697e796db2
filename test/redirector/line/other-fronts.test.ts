// Seen: one of two fronts was killed, and both the other and the new one waited 8 s for readers whom its last word named. Then both
// stopped waiting at the same time, and the new one let its reader in, before seven at the other who had come earlier.
import { expect, test } from 'vitest';
import { OtherFronts } from '../../../redirector/line/other-fronts.ts';
import type { NodeView } from '../../../redirector/nodes/node-view.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { signClaim } from '../../../shared/protocol/line-claim.ts';
import { SECRET, TestClock } from '../support.ts';

test('readers at a front that was heard from lately are told from those at one that has fallen silent', () => {
  const clock = new TestClock();
  const keys = new FleetKeys([SECRET]);
  const others = new OtherFronts({ keys, redirector: 'here', boot: 'boot', clock });
  if (keys.orders === undefined) throw new Error('a secret makes keys of orders');
  const { orders } = keys;
  const say = (front: string, arrival: number): void => {
    const lines = [signClaim({ front, at: clock.now(), waiting: 1, arrivals: [arrival] }, orders)];
    // Of a view, only its report is read.
    others.report({ stats: { fleet: { lines } } } as unknown as NodeView);
  };
  const [early, later, ours] = [1, 2, 3].map((second) => clock.now() - 60_000 + second * 1_000) as [
    number,
    number,
    number,
  ];
  const isOurs = (): boolean => false;
  say('killed~a', early);
  say('living~b', later);
  clock.pass(5_000);
  expect(others.hasEarlier(ours, isOurs)).toBe(true);
  expect(others.hasEarlier(ours, isOurs, 4_000)).toBe(false);
  say('living~b', later);
  expect(others.hasEarlier(ours, isOurs, 4_000)).toBe(true);
  expect(others.hasEarlier(later, isOurs, 4_000)).toBe(false);
  expect(others.hasEarlier(later, isOurs)).toBe(true);
});
