// Checks a node before readers are sent to it: is it reachable, a node, new, of this fleet, with the right time, and able to
// start sandboxes? Each check adds a finding; the first failure ends the probe with a refusal and its remedy.
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeCheck, NodeFinding } from '../../shared/api/finding.ts';
import type { Clock } from '../../shared/clock.ts';
import { FleetError } from '../../shared/errors.ts';
import { explainUnreachable, FRONT_LISTENER } from '../../shared/http/network-errors.ts';
import { type FleetReport, type NodeStats, parseNodeReport } from '../../shared/protocol/wire.ts';
import type { NodeView } from '../nodes/node-view.ts';
import { type FindingSink, type Probed, ProbeRefused } from './findings.ts';
import { type Reply, sendRequest } from './request.ts';
import { type Asking, checkSecret, compareClocks, skewByHeader } from './secret-and-clock.ts';

/** Longest wait for a node that has just started to be ready, or to report a problem. ms */
const SETTLE_MS = 5_000;
const SETTLE_POLL_MS = 200;
/** A front's `/stats` has the report of each node, about 1 KB. */
const MAX_FLEET_REPORT_BYTES = 16 * 1024 * 1024;

export interface ProbeOptions extends Asking {
  /** The nodes of the fleet. */
  readonly views: () => Iterable<NodeView>;
}

export async function probeNode(options: ProbeOptions): Promise<Probed> {
  const findings: NodeFinding[] = [];
  const found = (check: NodeCheck, detail: string): void => void findings.push({ check, ok: true, detail });
  const warn = (check: NodeCheck, detail: string): void =>
    void findings.push({ check, ok: true, warning: true, detail });
  try {
    const report = await runChecks(options, { found, warn });
    return { findings, report };
  } catch (error) {
    if (!(error instanceof ProbeRefused)) throw error;
    const { check, refusal } = error;
    return { findings: [...findings, { check, ok: false, detail: refusal.message }], refusal };
  }
}

async function runChecks(options: ProbeOptions, sink: FindingSink): Promise<NonNullable<Probed['report']>> {
  const { member, clock } = options;
  const { url } = member;
  const askedAt = clock.now();
  const reply = await sendRequest({ url: `${url}/stats`, clock }).catch((error: unknown) => {
    if (error instanceof FleetError) throw notANode(url, error.message);
    throw new ProbeRefused('reachable', { code: 'node-unreachable', ...explainUnreachable(error, url) });
  });
  sink.found('reachable', `answered in ${Math.round(reply.took)} ms`);
  const stats = readReport(url, reply);
  const { fleet } = stats;
  if (fleet === undefined) {
    sink.warn(
      'report',
      'a plain tmpnb node: readers are sent there, but without tickets, and it takes no orders',
    );
    compareClocks(sink, { skew: skewByHeader(reply), bySecret: false });
    return { stats, askedAt };
  }
  sink.found('report', `${fleet.node}: ${fleet.state}, ${fleet.warm} of ${fleet.capacity} warm`);
  sink.found('new', checkNew(options, fleet));
  const answer = await checkSecret(options, sink, fleet);
  compareClocks(sink, answer ?? { skew: skewByHeader(reply), bySecret: false });
  const settled = answer?.ready === false ? await settle(reply, url, clock) : stats;
  checkImage(sink, settled, settled.fleet ?? fleet);
  if (answer !== undefined) await checkWayBack(sink, answer.front, clock);
  return { stats, askedAt };
}

function notANode(url: string, why: string): ProbeRefused {
  return new ProbeRefused('report', {
    code: 'not-a-node',
    message: `what answers at ${url} is not a node: ${why}`,
    remedy: `it should be the node-agent's public address, where /stats answers; try: curl ${url}/stats`,
  });
}

function readReport(url: string, { status, text }: Reply): NodeStats {
  if (status !== 200) throw notANode(url, `it answers ${status} where its report should be`);
  let stats: NodeStats;
  try {
    stats = parseNodeReport(text, url);
  } catch (error) {
    throw notANode(url, error instanceof FleetError ? error.message : String(error));
  }
  // A front's own /stats has all that a plain tmpnb node's has; readers sent there would go round for ever.
  if (isFront(text)) throw notANode(url, 'it is a redirector');
  return stats;
}

function isFront(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'hosts' in value;
  } catch {
    // Not JSON, so no report of a front either.
    return false;
  }
}

/** Pending readers are counted by the node's own name, so the name must be unique in the fleet. */
function checkNew({ member, views }: ProbeOptions, { node, boot }: FleetReport): string {
  for (const view of views()) {
    const other = view.stats?.fleet;
    if (other?.node !== node || view.member.url === member.url) continue;
    const same = other.boot === boot;
    if (!same && view.reachability !== 'reachable') continue;
    const there = `${view.member.id} at ${view.member.url}`;
    throw new ProbeRefused('new', {
      code: 'already-exists',
      message: same
        ? `this node is in the fleet already, as ${there}`
        : `another node in the fleet calls itself ${JSON.stringify(node)} too: ${there}`,
      remedy: same
        ? `if this address is to be the new one, remove ${view.member.id} first`
        : 'start one of them with another --node-id',
    });
  }
  return `no other node in the fleet is ${node}`;
}

/** Polls a node that has just started until it has a sandbox or reports a problem, or SETTLE_MS are over. */
async function settle(first: Reply, url: string, clock: Clock): Promise<NodeStats> {
  const begun = clock.monotonic();
  for (let reply = first; ; reply = await sendRequest({ url: `${url}/stats`, clock }).catch(() => first)) {
    const stats = readReport(url, reply);
    const { problem, warm = 0, starting = 0 } = stats.fleet ?? {};
    const known = problem !== undefined || warm + starting > 0;
    if (known || clock.monotonic() - begun > SETTLE_MS) return stats;
    await delay(SETTLE_POLL_MS);
  }
}

function checkImage({ found, warn }: FindingSink, { available }: NodeStats, fleet: FleetReport): void {
  const { problem, image, node, starting } = fleet;
  if (problem !== undefined) {
    throw new ProbeRefused('image', {
      code: 'cannot-start',
      message: `${node} cannot start a sandbox: ${problem}`,
      remedy:
        'it goes on trying, so mend that on its host and add it again, or add it now all the same: --no-probe, {"probe":false}',
    });
  }
  if (available > 0) found('image', `${image}: ${available} ready`);
  else warn('image', `${image}: none is ready${starting > 0 ? ` yet, ${starting} on their way` : ''}`);
}

/** A full node sends readers back to its --front-url: checks that a front answers there. */
async function checkWayBack({ found, warn }: FindingSink, front: string, clock: Clock): Promise<void> {
  if (front === '') {
    warn('front', 'full, it refuses readers itself instead of sending them back: set its --front-url');
    return;
  }
  const reply = await sendRequest({ url: `${front}/stats`, maxBytes: MAX_FLEET_REPORT_BYTES, clock }).catch(
    (error: unknown) => explainUnreachable(error, front, FRONT_LISTENER),
  );
  if ('message' in reply) warn('front', `it sends readers back to ${front}, but from here ${reply.message}`);
  else if (reply.status !== 200 || !isFront(reply.text))
    warn('front', `it sends readers back to ${front}, which is no redirector`);
  else found('front', `it sends readers back to ${front}`);
}
