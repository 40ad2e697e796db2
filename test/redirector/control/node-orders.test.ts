// Which orders the front refuses to pass on.
import { expect, test } from 'vitest';
import { Orders } from '../../../redirector/control/node-orders.ts';
import { Fleet, findNode } from '../../../redirector/nodes/fleet.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import type { NodeStats } from '../../../shared/protocol/wire.ts';
import { SECRET, TestClock } from '../support.ts';

const silent = { reason: 'timed out', sure: false };

function report(node: string, seq: number): NodeStats {
  const counts = { warm: 4, starting: 0, held: 0, removing: 0, waiting: 0, capacity: 4, claims: 0, load: 0 };
  const fleet = {
    protocol: 1,
    node,
    boot: 'boot',
    seq,
    state: 'ready',
    image: 'x',
    ended: {},
    seen: {},
  } as const;
  return { available: 4, capacity: 4, fleet: { ...fleet, ...counts } };
}

test('a node is the last one once the others, silent together, are no longer trusted', async () => {
  const clock = new TestClock();
  const fleet = new Fleet(clock);
  const ids = ['n0', 'n1', 'n2', 'n3'];
  // Nothing listens there: an order that is passed on fails at once.
  fleet.setMembers(ids.map((id) => ({ id, url: `http://127.0.0.1:1/${id}` })));
  for (const view of fleet.views()) fleet.report(view, report(view.member.id, 1), clock.now());
  for (const id of ids.slice(1)) {
    fleet.miss(findNode(fleet, id), silent);
    fleet.miss(findNode(fleet, id), silent);
  }
  const orders = new Orders({ fleet, keys: new FleetKeys([SECRET]), clock });
  const last = findNode(fleet, 'n0');
  const cordon = (): Promise<unknown> => orders.give(last, { order: 'cordon', force: false });
  await expect(cordon()).rejects.toMatchObject({ code: 'node-unreachable' });
  clock.pass(31_000);
  fleet.report(last, report('n0', 2), clock.now());
  await expect(cordon()).rejects.toMatchObject({ code: 'last-node' });
});
