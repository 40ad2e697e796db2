// The metrics of a node, named by Prometheus' conventions. Labels are bounded: none is an address, a sandbox or a reader.

import type { Serving } from '../../shared/http/serving.ts';
import { showConnections, showLimited } from '../../shared/limits/connection-metrics.ts';
import { type LineMetrics, showLine } from '../../shared/line/line-metrics.ts';
import {
  createMetrics,
  Histogram,
  type MetricRow,
  only,
  type Registry,
  rowsBy,
  showCounter,
  showGauge,
} from '../../shared/metrics.ts';
import { NODE_STATES } from '../../shared/protocol/node-state.ts';
import { END_REASONS } from '../../shared/protocol/sandbox-state.ts';
import { Objective, showObjective } from '../../shared/reader-times/objective.ts';
import { showCertificate } from '../../shared/tls/metrics.ts';
import type { ClaimOutcome } from '../claim/claim.ts';
import type { ClientLimits } from '../claim/client-limits.ts';
import type { ClickTimesDesk } from '../companion/click-times.ts';
import type { Companion } from '../companion/companion.ts';
import type { Freezer } from '../freezing/freezer.ts';
import type { HomeFiles } from '../home-files/home-files.ts';
import type { HostResources } from '../lifecycle/host-resources.ts';
import type { Pool } from '../pool/pool.ts';
import type { NodeProxy } from '../proxy/proxy.ts';
import type { NodeLifecycle } from '../state/node-lifecycle.ts';
import type { StaticCache } from '../static-cache/static-cache.ts';
import { showStaticCache } from './static-cache-metrics.ts';

export interface NodeMetrics {
  readonly registry: Registry;
  /** Where readers who are in time are counted. */
  readonly objective: Objective;
  countClaim(outcome: ClaimOutcome): void;
  observeClaim(seconds: number): void;
  /** Of the journal to disk. */
  observeFlush(seconds: number): void;
  observeStart(seconds: number): void;
  /** From the reader's first byte until the sandbox goes on. */
  observeThaw(seconds: number): void;
  /** From the click until the page was there, as a reader's browser says it. */
  observeClickToPage(seconds: number): void;
  /** From the same click until a kernel's first output went to the reader. */
  observeClickToOutput(seconds: number): void;
  /** @returns where the line is to be counted */
  showLine(size: () => number): LineMetrics;
  /** Adds the metrics that are read from the running parts. */
  watch(parts: WatchedParts): void;
}

export interface WatchedParts {
  readonly pool: Pool;
  readonly resources: HostResources;
  readonly lifecycle: NodeLifecycle;
  readonly proxy: NodeProxy;
  /** Undefined where it is switched off. */
  readonly companion: Pick<Companion, 'openStreams' | 'stays'> | undefined;
  readonly clickTimes: Pick<ClickTimesDesk, 'counts'>;
  readonly homeFiles: Pick<HomeFiles, 'outcomes'>;
  readonly listener: Pick<Serving, 'connections' | 'refused' | 'certificate'>;
  readonly clientLimits: Pick<ClientLimits, 'refused'>;
  /** Undefined where it is switched off. */
  readonly staticCache: Pick<StaticCache, 'counters'> | undefined;
  readonly freezer: Pick<Freezer, 'tally'>;
  /** Undefined where readers stand in line at a front. */
  readonly line: { readonly refused: number } | undefined;
}

/** Seconds. A warm sandbox is claimed in milliseconds; without one, the reader waits for a start. */
const CLAIM_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16];
/** An SSD takes a millisecond, a disk ten; a disk that others keep busy takes seconds. */
const FLUSH_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4];
/** A page of a warm sandbox is there in a second or two; over a slow network, or after a start, much later. */
const PAGE_BUCKETS = [0.25, 0.5, 1, 2, 3, 5, 8, 16, 32, 64];
/** A primed kernel answers at once; a reader may read the article's notebook before they run anything. */
const OUTPUT_BUCKETS = [0.5, 1, 2, 3, 5, 8, 16, 32, 64, 128, 300];
const THAW_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
const START_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];

export function createNodeMetrics(): NodeMetrics {
  const registry = createMetrics('node-agent');
  const registers = [registry];
  const claims: Record<ClaimOutcome, number> = {
    ...{ claimed: 0, returned: 0, 'launch-page': 0, bounced: 0, 'not-here': 0, full: 0 },
    ...{ 'no-cookies': 0, 'no-ticket': 0, 'spent-ticket': 0, closed: 0 },
  };
  showCounter(registry, {
    name: 'tmpfleet_claims_total',
    help: 'Requests for a sandbox by outcome: claimed, returned to their own, shown the launch page, sent back to the front for lack of room (bounced) or because the reader has no sandbox here any more (not-here), given back because the browser keeps no cookies in frames (no-cookies), refused as full, without a ticket where one is required (no-ticket), with a ticket that gave a sandbox already (spent-ticket), or because only programs are served (closed)',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', claims),
  });
  const waited = new Histogram({
    name: 'tmpfleet_claim_seconds',
    help: 'Time from a request for a sandbox to the claim on disk, for requests that got one',
    ...{ buckets: CLAIM_BUCKETS, registers },
  });
  const flushes = new Histogram({
    name: 'tmpfleet_journal_flush_seconds',
    help: 'Time to bring claims to disk; all that wait for it are brought there at once, and each is answered behind it',
    ...{ buckets: FLUSH_BUCKETS, registers },
  });
  const starts = new Histogram({
    name: 'tmpfleet_start_seconds',
    help: 'Time from the request to the engine to the first answer of the sandbox, for starts that succeeded',
    ...{ buckets: START_BUCKETS, registers },
  });
  const pages = new Histogram({
    name: 'tmpfleet_reader_click_to_page_seconds',
    help: "Time from a reader's click until the page of their sandbox and what it loads at first were there, across all redirects, as their browser says it; a sample (--beacon-sample)",
    ...{ buckets: PAGE_BUCKETS, registers },
  });
  const outputs = new Histogram({
    name: 'tmpfleet_reader_click_to_output_seconds',
    help: "Time from a reader's click, as their browser says it, until the first output of a kernel of their sandbox went to them, within five minutes; with the time until they ran something; of the same sample",
    ...{ buckets: OUTPUT_BUCKETS, registers },
  });
  const thaws = new Histogram({
    name: 'tmpfleet_thaw_seconds',
    help: "Time from the first byte of a frozen sandbox's reader until its processes go on",
    ...{ buckets: THAW_BUCKETS, registers },
  });
  const objective = new Objective('node');
  showObjective(registry, { part: 'node', objective });
  return {
    registry,
    objective,
    countClaim: (outcome) => {
      claims[outcome] += 1;
    },
    observeClaim: (seconds) => waited.observe(seconds),
    observeFlush: (seconds) => flushes.observe(seconds),
    observeStart: (seconds) => starts.observe(seconds),
    observeThaw: (seconds) => thaws.observe(seconds),
    observeClickToPage: (seconds) => pages.observe(seconds),
    observeClickToOutput: (seconds) => outputs.observe(seconds),
    showLine: (size) => showLine(registry, size),
    watch: (parts) => {
      showPool(registry, parts);
      showFreezing(registry, parts);
      showEndings(registry, parts);
      showProxy(registry, parts);
      showStaticCache(registry, parts.staticCache);
      showCompanion(registry, parts);
      showHost(registry, parts);
      showLimited(registry, () => ({ ...parts.clientLimits.refused, places: parts.line?.refused ?? 0 }));
    },
  };
}

function showPool(registry: Registry, { pool, lifecycle }: WatchedParts): void {
  const number = (name: string, help: string, read: () => number): void =>
    showGauge(registry, { name, help, rows: () => only(read()) });
  showGauge(registry, {
    name: 'tmpfleet_sandboxes',
    help: 'Sandboxes of this node by state; held means claimed or in use; each takes a slot',
    labels: ['state'],
    rows: () => rowsBy('state', { ...pool.table.counts() }),
  });
  showGauge(registry, {
    name: 'tmpfleet_node_state',
    help: '1 for the present state of this node, 0 for the others',
    labels: ['state'],
    rows: () => NODE_STATES.map((state): MetricRow => [{ state }, state === lifecycle.state ? 1 : 0]),
  });
  number('tmpfleet_capacity', 'Slots of this node', () => pool.settings.capacity);
  number(
    'tmpfleet_warm_target',
    'Sandboxes that should be ready and unclaimed now',
    () => pool.status().warmTarget,
  );
  number(
    'tmpfleet_start_concurrency',
    'Sandboxes that may start at the same time now',
    () => pool.status().startConcurrency,
  );
  number('tmpfleet_pool_paused', '1 while an operator has paused starts', () => Number(pool.settings.paused));
  number('tmpfleet_pool_stale', 'Sandboxes that are yet to be replaced', () => pool.status().stale);
  number('tmpfleet_waiting', 'Readers who wait for a sandbox to start', () => pool.status().waiting);
}

function showFreezing(registry: Registry, { pool, freezer }: WatchedParts): void {
  showGauge(registry, {
    name: 'tmpfleet_frozen_sandboxes',
    help: 'Held sandboxes whose processes are stopped until their readers come back (--freeze-after)',
    rows: () => only(pool.table.frozen),
  });
  showCounter(registry, {
    name: 'tmpfleet_freezes_total',
    help: 'Attempts to freeze an unused sandbox, by outcome: frozen or failed',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', { ...freezer.tally }),
  });
}

function showHost(registry: Registry, { pool, resources }: WatchedParts): void {
  showGauge(registry, {
    name: 'tmpfleet_starts_withheld',
    help: '1 while no sandbox is started, because this host lacks memory or disk space',
    rows: () => only(pool.status().withheld === undefined ? 0 : 1),
  });
  showGauge(registry, {
    name: 'tmpfleet_host_memory_available_bytes',
    help: 'Available memory of this host',
    rows: () => only(resources.measured.memory),
  });
  showGauge(registry, {
    name: 'tmpfleet_host_disk_free_bytes',
    help: 'Free space on the disks of the data directory and of the engine',
    labels: ['dir'],
    rows: () => Object.entries(resources.measured.disks).map(([dir, free]): MetricRow => [{ dir }, free]),
  });
}

function showEndings(registry: Registry, { pool }: WatchedParts): void {
  const none = Object.fromEntries(END_REASONS.map((reason) => [reason, 0]));
  showCounter(registry, {
    name: 'tmpfleet_sandbox_endings_total',
    help: 'Sandboxes that ended, by reason',
    labels: ['reason'],
    rows: () => rowsBy('reason', { ...none, ...pool.table.endings() }),
  });
  showCounter(registry, {
    name: 'tmpfleet_removal_failures_total',
    help: 'Failed attempts of the engine to remove a sandbox; each is repeated, and the sandbox holds its slot until then',
    rows: () => only(pool.status().failedRemovals),
  });
  showCounter(registry, {
    name: 'tmpfleet_images_given_up_total',
    help: 'Newer images that did not start and were replaced by the previous one',
    rows: () => only(pool.status().imagesGivenUp),
  });
}

function showProxy(registry: Registry, { proxy: { counters }, listener }: WatchedParts): void {
  showConnections(registry, listener);
  showCertificate(registry, listener.certificate);
  showGauge(registry, {
    name: 'tmpfleet_open_websockets',
    help: 'WebSockets open through the proxy',
    rows: () => only(counters.openSockets),
  });
  showCounter(registry, {
    name: 'tmpfleet_proxy_requests_total',
    help: 'Answered requests below /user/ by status class; 1xx is a WebSocket',
    labels: ['status'],
    rows: () =>
      Object.entries(counters.answers).map(([digit, count]): MetricRow => [{ status: `${digit}xx` }, count]),
  });
  showCounter(registry, {
    name: 'tmpfleet_proxy_failures_total',
    help: 'Requests below /user/ that no sandbox answered, or not to the end (truncated), by reason',
    labels: ['reason'],
    rows: () => rowsBy('reason', counters.errors),
  });
  showCounter(registry, {
    name: 'tmpfleet_proxy_bytes_total',
    help: 'Bytes of bodies and WebSockets through the proxy, without HTTP headers',
    labels: ['direction'],
    rows: () =>
      rowsBy('direction', { to_sandbox: counters.bytesToSandbox, to_reader: counters.bytesToReader }),
  });
}

function showCompanion(registry: Registry, { companion, clickTimes, homeFiles }: WatchedParts): void {
  showCounter(registry, {
    name: 'tmpfleet_saves_total',
    help: 'Times that the files of a sandbox were asked for, by how that ended: whole, left (by who asked), refused (with a reason), or broken (off midway)',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', homeFiles.outcomes),
  });
  showGauge(registry, {
    name: 'tmpfleet_companion_streams',
    help: 'Event streams open to tabs of readers; tabs of one sandbox share one where the browser can',
    rows: () => only(companion?.openStreams ?? 0),
  });
  showCounter(registry, {
    name: 'tmpfleet_companion_stays_total',
    help: 'Times that a reader who was warned kept their sandbox, or was at work in its page without a request',
    rows: () => only(companion?.stays ?? 0),
  });
  showCounter(registry, {
    name: 'tmpfleet_reader_beacons_total',
    help: 'Messages of browsers on how long a click took, by what came of them: taken, unasked (each sandbox in the sample may send one), implausible, or malformed',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', clickTimes.counts),
  });
}
