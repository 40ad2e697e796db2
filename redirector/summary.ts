// What the front tells of its nodes: /stats for everyone, /api/nodes for operators.
import type { Fleet } from './fleet.ts';
import { estimateRoom, mayBeSentTo, type NodeView } from './node-view.ts';

/** `GET /stats`: tmpnb-redirector's shape. A node that is set aside counts nothing, and says why. */
export function summarize(fleet: Fleet, version: string) {
  let available = 0;
  let capacity = 0;
  const hosts: Record<string, object> = {};
  for (const view of fleet.views()) {
    const { stats, answers, reason } = view;
    if (answers !== 'reachable' || stats === undefined) {
      hosts[view.member.url] = {
        available: 0,
        capacity: 0,
        down: true,
        reason: reason ?? 'not heard from yet',
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
export function describeNode(view: NodeView, ourKey: string | undefined, now: number) {
  const { member, stats, answers } = view;
  const room = estimateRoom(view, ourKey, now);
  return {
    id: member.id,
    url: member.url,
    answers,
    since: new Date(view.since).toISOString(),
    state: stats?.fleet?.state ?? (stats === undefined ? null : 'ready'),
    schedulable: mayBeSentTo(view) && room.warm + room.cold > 0,
    reason: view.reason ?? null,
    problem: stats?.fleet?.problem ?? null,
    available: stats?.available ?? 0,
    capacity: stats?.capacity ?? 0,
    estimate: room,
    held: stats?.fleet?.held ?? null,
    image: stats?.container_image ?? null,
    version: stats?.version ?? null,
    report_age_seconds: view.reportedAt === 0 ? null : Math.round((now - view.reportedAt) / 100) / 10,
  };
}
