// Shows the pools as they warm: bars that redraw on a terminal, a line a change elsewhere.
import { setTimeout as delay } from 'node:timers/promises';
import got from 'got';
import { readText } from '../../shared/http/read-body.ts';
import { MAX_REPORT_BYTES, type NodeStats, nodeStatsSchema, parseJson } from '../../shared/protocol/wire.ts';
import { freeSlots, slotBar } from '../terminal/slot-bar.ts';
import type { Child } from './child.ts';
import type { FailedStarts } from './failed-starts.ts';

export interface ProgressOptions {
  readonly frontUrl: string;
  readonly nodes: readonly Child[];
  /** Sandboxes that each node keeps ready. */
  readonly warm: number;
  readonly signal: AbortSignal;
  /** Rejects when waiting is no use any more. */
  readonly fatal: Promise<never>;
  /** Called again and again for each node on which starts failed and nothing is ready; returns lines to show. */
  readonly explain: (failed: FailedStarts) => readonly string[];
}

const POLL_MS = 250;

/** One question, one answer, soon: the loop asks again anyway. */
const ONCE = { timeout: { request: 2_000 }, retry: { limit: 0 } };

/** Until every node has what it is to keep warm and the front knows of it, or the signal aborts. */
export async function showProgress(options: ProgressOptions): Promise<void> {
  const { frontUrl, nodes, warm, signal, fatal } = options;
  const terminal = process.stdout.isTTY === true;
  let drawn = '';
  while (!signal.aborted) {
    const reports = await Promise.race([
      fatal,
      Promise.all(nodes.map((node) => report(node.addresses().url))),
    ]);
    const explanations = nodes.flatMap((node, index) => explainFailures(node, reports[index], options));
    if (explanations.length > 0) {
      process.stdout.write(`${explanations.join('\n')}\n`);
      drawn = '';
    }
    const lines = nodes.map((node, index) => describe(node.name, reports[index]));
    const text = lines.join('\n');
    if (text !== drawn) {
      process.stdout.write(terminal && drawn !== '' ? `\x1b[${lines.length}A\x1b[J${text}\n` : `${text}\n`);
      drawn = text;
    }
    if (reports.every((stats) => isWarm(stats, warm)) && (await hosts(frontUrl)) >= nodes.length) return;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function explainFailures(
  node: Child,
  stats: NodeStats | undefined,
  { explain }: Pick<ProgressOptions, 'explain'>,
): readonly string[] {
  const fleet = stats?.fleet;
  const failed = fleet?.ended['failed-start'] ?? 0;
  if (fleet === undefined || failed === 0 || fleet.warm + fleet.held > 0) return [];
  return explain({ node, failed, runs: fleet.image });
}

async function report(url: string): Promise<NodeStats | undefined> {
  try {
    return parseJson(await readReport(url), nodeStatsSchema, 'the report');
  } catch {
    // Not up (any more): drawn as such, and asked again.
    return undefined;
  }
}

/** Another program may listen where ours is to start: what it sends must not fill our memory. */
function readReport(url: string): Promise<string> {
  return readText(got.stream(`${url}/stats`, ONCE), { bytes: MAX_REPORT_BYTES, what: 'the report' });
}

/** How many nodes the front would send a reader to. */
async function hosts(frontUrl: string): Promise<number> {
  const body = await readReport(frontUrl)
    .then((text): unknown => JSON.parse(text))
    .catch(() => undefined);
  if (typeof body !== 'object' || body === null || !('hosts' in body)) return 0;
  return Object.values(body.hosts ?? {}).filter((host) => !('down' in host)).length;
}

/** @param warm sandboxes that each node keeps ready; with 0 it is ready as soon as it answers */
function isWarm(stats: NodeStats | undefined, warm: number): boolean {
  const fleet = stats?.fleet;
  return fleet !== undefined && fleet.starting === 0 && (warm === 0 || fleet.warm + fleet.held > 0);
}

function describe(name: string, stats: NodeStats | undefined): string {
  const fleet = stats?.fleet;
  if (fleet === undefined) return `  ${name.padEnd(16)} not up yet`;
  const failed = fleet.ended['failed-start'] ?? 0;
  const slots = { ...fleet, free: freeSlots(fleet, fleet.capacity) };
  const bar = slotBar(slots, fleet.capacity)
    .map(({ text }) => text)
    .join('');
  const trouble = failed === 0 ? '' : `, ${failed} failed to start`;
  return `  ${name.padEnd(16)} ${bar}  ${fleet.warm} warm, ${fleet.starting} starting, ${fleet.capacity} slots${trouble}`;
}
