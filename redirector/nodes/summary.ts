// What the front tells of its nodes: /stats for everyone, /api/nodes for operators.
import { z } from 'zod';
import { NODE_STATES } from '../../shared/protocol/node-state.ts';
import { nodeStatsSchema } from '../../shared/protocol/wire.ts';
import type { Fleet } from './fleet.ts';
import { estimateRoom, mayBeSentTo, type NodeView } from './node-view.ts';

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

/** One node, as `GET /api/nodes` tells it. */
export const nodeDescriptionSchema = z.object({
  id: z.string(),
  url: z.string(),
  answers: z.enum(['unknown', 'reachable', 'unreachable']),
  since: z.string().describe('since when it answers so'),
  state: z.enum(NODE_STATES).nullable().describe('its own word; null until it was heard from'),
  schedulable: z.boolean().describe('whether the next reader may be sent there'),
  reason: z.string().nullable().describe('why it is set aside'),
  problem: z.string().nullable().describe('why it starts nothing, in its own words'),
  available: z.number().int(),
  capacity: z.number().int(),
  estimate: z
    .object({ warm: z.number().int(), cold: z.number().int() })
    .describe('room, less the readers on their way'),
  held: z.number().int().nullable(),
  warm: z.number().int().nullable(),
  starting: z.number().int().nullable(),
  removing: z.number().int().nullable(),
  paused: z.boolean().nullable().describe('whether an operator has nothing started there'),
  load: z.number().nullable(),
  drain_deadline: z.string().nullable(),
  drain_forced: z.boolean().nullable(),
  image: z.string().nullable(),
  version: z.string().nullable(),
  report_age_seconds: z.number().nullable(),
});

export function describeNode(
  view: NodeView,
  ourKey: string | undefined,
  now: number,
): z.infer<typeof nodeDescriptionSchema> {
  const { member, stats, reachability } = view;
  const room = estimateRoom(view, ourKey, now);
  return {
    id: member.id,
    url: member.url,
    answers: reachability,
    since: new Date(view.since).toISOString(),
    state: stats?.fleet?.state ?? (stats === undefined ? null : 'ready'),
    schedulable: mayBeSentTo(view, now) && room.warm + room.cold > 0,
    reason: view.unreachableReason ?? null,
    problem: stats?.fleet?.problem ?? null,
    available: stats?.available ?? 0,
    capacity: stats?.capacity ?? 0,
    estimate: room,
    held: stats?.fleet?.held ?? null,
    warm: stats?.fleet?.warm ?? null,
    starting: stats?.fleet?.starting ?? null,
    removing: stats?.fleet?.removing ?? null,
    paused: stats?.fleet?.paused ?? null,
    load: stats?.fleet?.load ?? null,
    drain_deadline: isoTime(stats?.fleet?.drain_deadline),
    drain_forced: stats?.fleet?.drain_forced ?? null,
    image: stats?.container_image ?? null,
    version: stats?.version ?? null,
    report_age_seconds: view.reportedAt === 0 ? null : Math.round((now - view.reportedAt) / 100) / 10,
  };
}

function isoTime(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}
