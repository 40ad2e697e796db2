// What a node counts, under Prometheus' naming convention; labels are bounded.
import { Counter, createMetrics, Gauge, Histogram, type Registry } from '../shared/metrics.ts';
import { NODE_STATES } from '../shared/node.ts';
import type { ClaimOutcome } from './claim.ts';
import type { NodeStanding } from './drain.ts';
import type { HostRoom } from './host-room.ts';
import type { Pool } from './pool.ts';
import type { NodeProxy } from './proxy.ts';

export interface NodeMetrics {
  readonly registry: Registry;
  countClaim(outcome: ClaimOutcome): void;
  observeStart(seconds: number): void;
  /** Adds what can only be read off the running parts. */
  watch(parts: {
    readonly pool: Pool;
    readonly room: HostRoom;
    readonly standing: NodeStanding;
    readonly proxy: NodeProxy;
  }): void;
}

export function createNodeMetrics(): NodeMetrics {
  const registry = createMetrics('node-agent');
  const registers = [registry];
  const claims = new Counter({
    name: 'tmpfleet_claims_total',
    help: 'Requests for a sandbox, by what became of them',
    labelNames: ['outcome'],
    registers,
  });
  const starts = new Histogram({
    name: 'tmpfleet_start_seconds',
    help: 'From asking the engine for a sandbox to its first answer',
    buckets: [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64],
    registers,
  });
  return {
    registry,
    countClaim: (outcome) => claims.inc({ outcome }),
    observeStart: (seconds) => starts.observe(seconds),
    watch: (parts) => watch(registers, parts),
  };
}

function watch(
  registers: [Registry] | Registry[],
  { pool, room, standing, proxy }: Parameters<NodeMetrics['watch']>[0],
): void {
  gauge(registers, 'tmpfleet_sandboxes', 'Sandboxes of this node', ['state'], (set) => {
    for (const [state, value] of Object.entries(pool.counts())) set({ state }, value);
  });
  gauge(registers, 'tmpfleet_capacity', 'Slots of this node', [], (set) => set({}, pool.settings.capacity));
  gauge(registers, 'tmpfleet_warm_target', 'Sandboxes to be ready and unclaimed', [], (set) =>
    set({}, pool.warmTarget),
  );
  gauge(registers, 'tmpfleet_start_concurrency', 'Sandboxes that may be started at one time', [], (set) =>
    set({}, pool.concurrency),
  );
  gauge(
    registers,
    'tmpfleet_starts_withheld',
    '1 while nothing is started because the host has no room',
    [],
    (set) => set({}, pool.withheld === undefined ? 0 : 1),
  );
  gauge(
    registers,
    'tmpfleet_host_memory_available_bytes',
    'Memory of this host that could be had',
    [],
    (set) => set({}, room.measured.memory),
  );
  gauge(registers, 'tmpfleet_host_disk_free_bytes', 'Room on the disks that matter', ['dir'], (set) => {
    for (const [dir, free] of Object.entries(room.measured.disks)) set({ dir }, free);
  });
  gauge(registers, 'tmpfleet_node_state', '1 for the state the node is in', ['state'], (set) => {
    for (const state of NODE_STATES) set({ state }, state === standing.state ? 1 : 0);
  });
  gauge(registers, 'tmpfleet_proxy_open_sockets', 'WebSockets open through the proxy', [], (set) =>
    set({}, proxy.counters.openSockets),
  );
  total(registers, 'tmpfleet_sandbox_endings_total', 'Sandboxes ended, by reason', 'reason', () =>
    pool.table.endings(),
  );
  total(registers, 'tmpfleet_proxy_total', 'Requests and upgrades the proxy carried', 'kind', () => ({
    requests: proxy.counters.requests,
    upgrades: proxy.counters.upgrades,
  }));
  total(registers, 'tmpfleet_proxy_bytes_total', 'Bytes the proxy carried', 'direction', () => ({
    to_sandbox: proxy.counters.bytesToSandbox,
    to_reader: proxy.counters.bytesToReader,
  }));
}

type Set = (labels: Record<string, string>, value: number) => void;

function gauge(
  registers: Registry[],
  name: string,
  help: string,
  labelNames: string[],
  collect: (set: Set) => void,
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers,
    collect() {
      collect((labels, value) => this.set(labels, value));
    },
  });
}

/** A counter whose truth is elsewhere: set anew at every scrape. */
function total(
  registers: Registry[],
  name: string,
  help: string,
  label: string,
  read: () => Readonly<Record<string, number>>,
): void {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers,
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
    },
  });
}
