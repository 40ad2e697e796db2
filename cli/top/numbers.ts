// The numbers of `tmpfleet top`: what the front reports of the fleet, and how quickly its counters rise.
import { type FleetJson, fleetSchema, type NodeJson, type Slots } from '../../shared/api/node.ts';
import { takesReaders } from '../../shared/protocol/node-state.ts';
import type { ControlClient } from '../control/client.ts';

export function takeSample(client: ControlClient): Promise<FleetJson> {
  return client.send({ path: '/api/fleet', schema: fleetSchema });
}

/** What `--json` prints, and the picture shows. Rates are over the time between two samples, null for the first. */
export function compare(before: FleetJson | undefined, now: FleetJson, front: string) {
  const ms = before === undefined ? 0 : Date.parse(now.at) - Date.parse(before.at);
  const rate = (read: (sample: FleetJson) => number): number | null =>
    before === undefined ? null : perSecond(read(before), read(now), ms);
  const known = new Map(before?.nodes.map((node) => [node.id, node]));
  const redirectRates: Record<string, number | null> = {};
  for (const { id, redirects_total } of now.nodes) {
    const earlier = known.get(id);
    redirectRates[id] =
      earlier === undefined ? null : perSecond(earlier.redirects_total, redirects_total, ms);
  }
  return {
    ...now,
    front,
    slots: now.nodes.reduce((sum, node) => addSlots(sum, usableSlots(node)), NO_SLOTS),
    frozen: now.nodes.reduce((sum, node) => sum + frozenOf(node), 0),
    arrivals_per_second: rate((sample) => sample.arrivals_total),
    bounces_per_second: rate((sample) => sample.bounces_total),
    refusals_per_second: rate((sample) => sample.refusals_total),
    redirects_per_second: redirectRates,
    oldest_report: oldestReport(now.nodes),
  };
}
export type TopView = ReturnType<typeof compare>;

function oldestReport(nodes: readonly NodeJson[]) {
  let oldest: { readonly node: string; readonly age_seconds: number } | null = null;
  for (const { id, report_age_seconds: age } of nodes)
    if (age !== null && age > (oldest?.age_seconds ?? -1)) oldest = { node: id, age_seconds: age };
  return oldest;
}

const NO_SLOTS: Slots = { held: 0, warm: 0, starting: 0, removing: 0, free: 0 };

/** None of a node that does not answer; and only a node that takes readers has free ones. */
export function usableSlots({ reachability, state, slots }: NodeJson): Slots {
  if (reachability !== 'reachable') return NO_SLOTS;
  return state === null || takesReaders(state) ? slots : { ...slots, free: 0 };
}

function frozenOf({ reachability, frozen }: NodeJson): number {
  return reachability === 'reachable' ? (frozen ?? 0) : 0;
}

function addSlots(a: Slots, b: Slots): Slots {
  return {
    held: a.held + b.held,
    warm: a.warm + b.warm,
    starting: a.starting + b.starting,
    removing: a.removing + b.removing,
    free: a.free + b.free,
  };
}

/** A counter that fell began again at zero; what happened before that is not known. */
function perSecond(before: number, now: number, ms: number): number {
  const risen = now >= before ? now - before : now;
  return ms <= 0 ? 0 : Math.max(0, Math.round((risen / ms) * 10_000) / 10);
}
