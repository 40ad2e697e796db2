// A node that was restarted with another secret, or without one, went on taking readers, and neither `node ls`, a log line nor
// a metric told: only `doctor --front` and the next order did. Its report shows which keys it has now, and the front compares.
import { afterEach, describe, expect, test } from 'vitest';
import { noteOn } from '../../cli/node/table.ts';
import { nodesSchema } from '../../shared/api/node.ts';
import { FleetKeys, ticketKeyId } from '../../shared/protocol/fleet-keys.ts';
import { Bench, type Front, SECRET } from '../redirector/support.ts';
import { startAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

async function agent(secret: string): Promise<{ readonly url: string }> {
  const env: Record<string, string> = secret === '' ? {} : { TMPFLEET_SECRET: secret };
  return bench.keep(await startAgent({ capacity: '1' }, env));
}

async function listed(front: Front) {
  return until('the node has reported', async () => {
    const { nodes } = nodesSchema.parse(await (await fetch(`${front.controlUrl}/api/nodes`)).json());
    return nodes[0]?.reachability === 'reachable' ? nodes[0] : undefined;
  });
}

describe('by the list of nodes, and a metric,', () => {
  test.each([
    ['the same secret', SECRET, true],
    ['another secret', 'the-secret-of-another-fleet', false],
    ['no secret', '', false],
  ])('a node with %s is recognized', async (_, secret, same) => {
    const front = await bench.front();
    await front.add(await agent(secret));
    const node = await listed(front);
    expect(node.same_secret).toBe(same);
    expect(noteOn(node, 0).includes("this front's secret")).toBe(!same);
    const metrics = await (await fetch(`${front.controlUrl}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`^tmpfleet_node_has_our_secret\\{.*\\} ${same ? 1 : 0}$`, 'm'));
  });

  test('a node of an earlier version, which shows no keys, is not accused', async () => {
    const front = await bench.front();
    await front.add(await bench.node());
    expect((await listed(front)).same_secret).toBeNull();
  });
});

test('during a rotation, what counts is whether the node knows the key that signs now', () => {
  const ids = (...secrets: string[]) => new FleetKeys(secrets).tickets('n1').map(ticketKeyId);
  const rotating = new FleetKeys(['the-new-secret-of-it', 'the-old-secret-of-it']);
  const of = (key_ids?: readonly string[]) => rotating.areOf({ node: 'n1', key_ids });
  expect(of(ids('the-new-secret-of-it', 'the-old-secret-of-it'))).toBe(true);
  expect(of(ids('the-new-secret-of-it'))).toBe(true);
  expect(of(ids('the-old-secret-of-it'))).toBe(false);
  expect(of([])).toBe(false);
  expect(of(undefined)).toBeUndefined();
});

test('in a fleet without a secret, a node with one stands out', () => {
  const none = new FleetKeys([]);
  expect(none.areOf({ node: 'n1', key_ids: [] })).toBe(true);
  expect(none.areOf({ node: 'n1', key_ids: ['x'] })).toBe(false);
});
