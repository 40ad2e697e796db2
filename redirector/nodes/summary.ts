// What the front answers at /stats: the room of the whole fleet, and each node's own report.
import { z } from 'zod';
import { nodeStatsSchema } from '../../shared/protocol/wire.ts';
import type { Fleet } from './fleet.ts';

const downSchema = z.object({
  available: z.literal(0),
  capacity: z.literal(0),
  down: z.literal(true),
  reason: z.string(),
});

/** `GET /stats` of the front. */
export const fleetStatsSchema = z.object({
  available: z.number().int().describe('sandboxes ready and unclaimed, of all nodes that answer'),
  capacity: z.number().int().describe('their slots'),
  hosts: z
    .record(z.string(), z.union([nodeStatsSchema, downSchema]))
    .describe("by address: each node's own report"),
  version: z.string(),
});
type FleetStats = z.infer<typeof fleetStatsSchema>;

/** tmpnb-redirector's shape. A node that is set aside counts nothing, and says why. */
export function summarize(fleet: Fleet, version: string): FleetStats {
  let available = 0;
  let capacity = 0;
  const hosts: FleetStats['hosts'] = {};
  for (const view of fleet.views()) {
    const { stats, reachability, unreachableReason } = view;
    if (reachability !== 'reachable' || stats === undefined) {
      hosts[view.member.url] = {
        available: 0,
        capacity: 0,
        down: true,
        reason: unreachableReason ?? 'not heard from yet',
      };
      continue;
    }
    available += stats.available;
    capacity += stats.capacity;
    hosts[view.member.url] = stats;
  }
  return { available, capacity, hosts, version };
}
