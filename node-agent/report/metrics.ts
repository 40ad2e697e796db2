// What a node counts, under Prometheus' naming convention; labels are bounded, and none is an address, a sandbox or a reader.
import {
  createMetrics,
  Histogram,
  only,
  type Registry,
  type Row,
  rowsBy,
  showCounter,
  showGauge,
} from '../../shared/metrics.ts';
import { NODE_STATES } from '../../shared/protocol/node-state.ts';
import { END_REASONS } from '../../shared/protocol/sandbox-state.ts';
import type { ClaimOutcome } from '../claim/claim.ts';
import type { HostResources } from '../lifecycle/host-resources.ts';
import type { Pool } from '../pool/pool.ts';
import type { NodeProxy } from '../proxy/proxy.ts';
import type { NodeLifecycle } from '../state/node-lifecycle.ts';

export interface NodeMetrics {
  readonly registry: Registry;
  countClaim(outcome: ClaimOutcome): void;
  observeClaim(seconds: number): void;
  observeStart(seconds: number): void;
  /** Adds what can only be read off the running parts. */
  watch(parts: WatchedParts): void;
}

export interface WatchedParts {
  readonly pool: Pool;
  readonly resources: HostResources;
  readonly lifecycle: NodeLifecycle;
  readonly proxy: NodeProxy;
  /** Open at the public listener. */
  readonly connections: () => Promise<number>;
}

/** A warm one is claimed in milliseconds; where none is, a start is waited for. */
const CLAIM_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16];
const START_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];

export function createNodeMetrics(): NodeMetrics {
  const registry = createMetrics('node-agent');
  const registers = [registry];
  const claims: Record<ClaimOutcome, number> = {
    ...{ claimed: 0, returned: 0, 'launch-page': 0, bounced: 0, full: 0, 'no-ticket': 0 },
  };
  showCounter(registry, {
    name: 'tmpfleet_claims_total',
    help: 'Requests for a sandbox, by what became of them: claimed, returned to their own, shown the launch page, sent back to the front (bounced), refused as full, refused without a ticket',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', claims),
  });
  const waited = new Histogram({
    name: 'tmpfleet_claim_seconds',
    help: 'From a request for a sandbox to the claim on disk, of those who got one',
    ...{ buckets: CLAIM_BUCKETS, registers },
  });
  const starts = new Histogram({
    name: 'tmpfleet_start_seconds',
    help: 'From asking the engine for a sandbox to its first answer, of those that answered',
    ...{ buckets: START_BUCKETS, registers },
  });
  return {
    registry,
    countClaim: (outcome) => {
      claims[outcome] += 1;
    },
    observeClaim: (seconds) => waited.observe(seconds),
    observeStart: (seconds) => starts.observe(seconds),
    watch: (parts) => {
      showPool(registry, parts);
      showEndings(registry, parts);
      showProxy(registry, parts);
      showHost(registry, parts);
    },
  };
}

function showPool(registry: Registry, { pool, lifecycle }: WatchedParts): void {
  const number = (name: string, help: string, read: () => number): void =>
    showGauge(registry, { name, help, rows: () => only(read()) });
  showGauge(registry, {
    name: 'tmpfleet_sandboxes',
    help: 'Sandboxes of this node, by state; held is claimed or in use, and all of them take a slot',
    labels: ['state'],
    rows: () => rowsBy('state', { ...pool.table.counts() }),
  });
  showGauge(registry, {
    name: 'tmpfleet_node_state',
    help: '1 for the state this node is in, 0 for the others',
    labels: ['state'],
    rows: () => NODE_STATES.map((state): Row => [{ state }, state === lifecycle.state ? 1 : 0]),
  });
  number('tmpfleet_capacity', 'Slots of this node', () => pool.settings.capacity);
  number(
    'tmpfleet_warm_target',
    'Sandboxes that are to be ready and unclaimed just now',
    () => pool.status().warmTarget,
  );
  number(
    'tmpfleet_start_concurrency',
    'Sandboxes that may be started at one time just now',
    () => pool.status().startConcurrency,
  );
  number('tmpfleet_pool_paused', '1 while an operator has nothing started', () =>
    Number(pool.settings.paused),
  );
  number('tmpfleet_pool_stale', 'Sandboxes that have yet to give way to new ones', () => pool.status().stale);
  number(
    'tmpfleet_waiting',
    'Readers for whom a sandbox is being started just now',
    () => pool.status().waiting,
  );
}

function showHost(registry: Registry, { pool, resources }: WatchedParts): void {
  showGauge(registry, {
    name: 'tmpfleet_starts_withheld',
    help: '1 while nothing is started, because this host has no room',
    rows: () => only(pool.status().withheld === undefined ? 0 : 1),
  });
  showGauge(registry, {
    name: 'tmpfleet_host_memory_available_bytes',
    help: 'Memory of this host that could be had',
    rows: () => only(resources.measured.memory),
  });
  showGauge(registry, {
    name: 'tmpfleet_host_disk_free_bytes',
    help: 'Room on the disks of the data directory and of the engine',
    labels: ['dir'],
    rows: () => Object.entries(resources.measured.disks).map(([dir, free]): Row => [{ dir }, free]),
  });
}

function showEndings(registry: Registry, { pool }: WatchedParts): void {
  const none = Object.fromEntries(END_REASONS.map((reason) => [reason, 0]));
  showCounter(registry, {
    name: 'tmpfleet_sandbox_endings_total',
    help: 'Sandboxes that are no more, by why they were ended',
    labels: ['reason'],
    rows: () => rowsBy('reason', { ...none, ...pool.table.endings() }),
  });
  showCounter(registry, {
    name: 'tmpfleet_removal_failures_total',
    help: 'Times the engine did not remove a sandbox; it is tried again, and holds its slot until then',
    rows: () => only(pool.status().failedRemovals),
  });
  showCounter(registry, {
    name: 'tmpfleet_images_given_up_total',
    help: 'Newer images that did not start, and were given up for the one before',
    rows: () => only(pool.status().imagesGivenUp),
  });
}

function showProxy(registry: Registry, { proxy: { counters }, connections }: WatchedParts): void {
  showGauge(registry, {
    name: 'tmpfleet_open_connections',
    help: 'Connections open at the public listener',
    rows: async () => only(await connections()),
  });
  showGauge(registry, {
    name: 'tmpfleet_open_websockets',
    help: 'WebSockets open through the proxy',
    rows: () => only(counters.openSockets),
  });
  showCounter(registry, {
    name: 'tmpfleet_proxy_requests_total',
    help: 'Requests below /user/ that were answered, by class of status; 1xx is a WebSocket',
    labels: ['status'],
    rows: () =>
      Object.entries(counters.answers).map(([digit, count]): Row => [{ status: `${digit}xx` }, count]),
  });
  showCounter(registry, {
    name: 'tmpfleet_proxy_failures_total',
    help: 'Requests below /user/ that no sandbox answered, or not to the end (truncated), by why',
    labels: ['reason'],
    rows: () => rowsBy('reason', counters.errors),
  });
  showCounter(registry, {
    name: 'tmpfleet_proxy_bytes_total',
    help: 'Bytes of bodies and WebSockets that the proxy carried, without HTTP headers',
    labels: ['direction'],
    rows: () =>
      rowsBy('direction', { to_sandbox: counters.bytesToSandbox, to_reader: counters.bytesToReader }),
  });
}
