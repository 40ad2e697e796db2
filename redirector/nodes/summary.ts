// What the front answers at /stats: the room of the whole fleet, and each node's own report. Anyone may ask, so reasons
// are codes: the control listener has the texts, which name internal addresses and quote what answered.
import { z } from 'zod';
import type { ErrorCode } from '../../shared/errors.ts';
import { type NodeStats, nodeStatsSchema } from '../../shared/protocol/wire.ts';
import type { Fleet } from './fleet.ts';
import { estimateRoom, mayBeSentTo } from './node-view.ts';

const downSchema = z.object({
  available: z.literal(0),
  capacity: z.literal(0),
  down: z.literal(true),
  reason: z.string().describe('an error code'),
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

const NOT_POLLED_YET: ErrorCode = 'unavailable';
const STARTS_NONE: ErrorCode = 'cannot-start';

/** tmpnb-redirector's shape. A node that is set aside counts nothing, and has the code of the reason. */
export function summarize(fleet: Fleet, version: string): FleetStats {
  let available = 0;
  let capacity = 0;
  const hosts: FleetStats['hosts'] = {};
  for (const view of fleet.views()) {
    const { stats, reachability, unreachableCode } = view;
    if (reachability !== 'reachable' || stats === undefined) {
      hosts[view.member.url] = {
        available: 0,
        capacity: 0,
        down: true,
        reason: unreachableCode ?? NOT_POLLED_YET,
      };
      continue;
    }
    available += stats.available;
    capacity += stats.capacity;
    hosts[view.member.url] = withoutDetails(stats);
  }
  return { available, capacity, hosts, version };
}

function withoutDetails(stats: NodeStats): NodeStats {
  if (stats.fleet === undefined) return stats;
  const { problem, lines: _, ...fleet } = stats.fleet;
  return { ...stats, fleet: problem === undefined ? fleet : { ...fleet, problem: STARTS_NONE } };
}

/** How many readers the fleet can still take. */
export interface FleetRoom {
  /** Warm sandboxes and slots in which one can be started, less the readers on their way. */
  readonly free: number;
  /** Slots of all nodes that take readers. */
  readonly capacity: number;
}

/** @param ourKey see `estimateRoom` @param now ms since 1970 */
export function fleetRoom(fleet: Fleet, ourKey: string | undefined, now: number): FleetRoom {
  let free = 0;
  let capacity = 0;
  for (const view of fleet.views()) {
    // A node that is full takes readers again when one leaves.
    if (!mayBeSentTo({ ...view, full: false }, now)) continue;
    const { warm, cold } = estimateRoom(view, ourKey, now);
    free += warm + cold;
    capacity += view.stats?.capacity ?? 0;
  }
  return { free, capacity };
}
