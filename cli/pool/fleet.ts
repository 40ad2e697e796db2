// `tmpfleet pool --front …`: the same orders for all nodes of a fleet, or for named ones. Each node is asked for itself, so that
// the audit trail of the front has an entry for each, and one that fails is in the way of no other.
import pLimit from 'p-limit';
import { type NodeJson, nodesSchema } from '../../shared/api/node.ts';
import { nodePoolSchema, type PoolStatusJson } from '../../shared/api/pool.ts';
import type { ControlClient } from '../control/client.ts';
import type { Given } from '../control/verb.ts';
import { CommandError, EXIT } from '../terminal/exit.ts';
import { outputWidth } from '../terminal/fit-table.ts';
import { suggest } from '../terminal/nearest.ts';
import { type Progress, waitFor } from '../terminal/wait.ts';
import { poolTable } from './fleet-table.ts';
import { type NodeResult, totalsOf } from './results.ts';

/** Asked at one time: a node that does not answer holds its place for five seconds. */
const AT_ONCE = 32;

/** What is asked of each node, below `/api/nodes/<id>/pool`. */
export interface PoolRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** `/resize` */
  readonly path?: string;
  readonly body?: object;
  /** How far a node is with it, for --wait. */
  readonly judge?: (status: PoolStatusJson) => Progress;
}

/** @throws CommandError after the results are printed, where a node failed */
export async function askFleet(given: Given, request: PoolRequest): Promise<void> {
  const { client, flags, print } = given;
  const named = Array.isArray(flags.nodeId) ? flags.nodeId.map(String) : [];
  const { nodes } = await client.send({ path: '/api/nodes', schema: nodesSchema });
  const chosen = named.length === 0 ? nodes : choose(named, nodes);
  const first = await askEach(client, chosen, request, named.length > 0);
  const judge = flags.wait === true ? request.judge : undefined;
  const results =
    judge === undefined ? first : await waitForAll(client, first, judge, timeoutOf(flags.timeout));
  print({ nodes: results, totals: totalsOf(results) }, () =>
    nodes.length === 0
      ? `The front at ${client.url} has no nodes yet: tmpfleet node add <url>`
      : poolTable(results, outputWidth()).join('\n'),
  );
  failIfAny(results);
}

/** Whole names, or beginnings of exactly one. All are found before the first is asked. @throws CommandError `not-found` */
function choose(named: readonly string[], nodes: readonly NodeJson[]): readonly NodeJson[] {
  const found = named.map((name) => {
    const exact = nodes.find(({ id }) => id === name);
    const begun = nodes.filter(({ id }) => name !== '' && id.startsWith(name));
    const only = exact ?? (begun.length === 1 ? begun[0] : undefined);
    if (only !== undefined) return only;
    const message =
      begun.length > 1
        ? `${begun.length} nodes begin with ${JSON.stringify(name)}`
        : `no node is called ${JSON.stringify(name)}`;
    const ids = (begun.length > 1 ? begun : nodes).map(({ id }) => id);
    throw new CommandError(EXIT.refused, 'not-found', message, { remedy: suggest(name, ids, 'nodes') });
  });
  return [...new Set(found)];
}

async function askEach(
  client: ControlClient,
  nodes: readonly Pick<NodeJson, 'id' | 'plain'>[],
  { method = 'GET', path = '', body }: PoolRequest,
  areNamed: boolean,
): Promise<readonly NodeResult[]> {
  const limit = pLimit(AT_ONCE);
  const ask = async ({ id, plain }: Pick<NodeJson, 'id' | 'plain'>): Promise<NodeResult> => {
    // A named one is asked, so that the front says why it cannot be done.
    if (plain && !areNamed) return { id, result: 'skipped', error: PLAIN };
    try {
      const status = await client.send({
        ...{ method, path: `/api/nodes/${encodeURIComponent(id)}/pool${path}`, schema: nodePoolSchema },
        ...(body === undefined ? {} : { body }),
      });
      return { id, result: 'done', status };
    } catch (error) {
      if (!(error instanceof CommandError) || OF_THE_FRONT.has(error.code)) throw error;
      const { code, message, remedy } = error;
      return { id, result: 'failed', error: { code, message, ...(remedy === undefined ? {} : { remedy }) } };
    }
  };
  return Promise.all(nodes.map((node) => limit(() => ask(node))));
}

const PLAIN = { code: 'plain-node', message: 'a plain tmpnb node, which takes no orders' };
/** These are the same for each node, and are said once. */
const OF_THE_FRONT: ReadonlySet<string> = new Set(['no-secret', 'unauthorized', 'unavailable']);

function timeoutOf(flag: unknown): number | undefined {
  return typeof flag === 'number' ? flag : undefined;
}

async function waitForAll(
  client: ControlClient,
  first: readonly NodeResult[],
  judge: NonNullable<PoolRequest['judge']>,
  timeout: number | undefined,
): Promise<readonly NodeResult[]> {
  const isOpen = ({ result, status }: NodeResult): boolean => {
    if (result !== 'done' || status === undefined) return false;
    const { done, otherwise } = judge(status);
    return done !== true && otherwise === undefined;
  };
  let now = first;
  await waitFor({
    look: async () => {
      const left = now.filter(isOpen).map(({ id }) => ({ id, plain: false }));
      const news = new Map((await askEach(client, left, {}, true)).map((each) => [each.id, each]));
      now = now.map((before) => merge(before, news.get(before.id)));
      return now;
    },
    judge: (results) => {
      const open = results.filter(isOpen);
      const text = open.flatMap(({ id, status }) =>
        status === undefined ? [] : [`${id}: ${judge(status).text}`],
      );
      const done = open.length === 0;
      return { text: done ? 'all have ended' : `${open.length} left; ${text.slice(0, 3).join('; ')}`, done };
    },
    timeout,
  });
  return now.map((each) => {
    const otherwise = each.status === undefined ? undefined : judge(each.status).otherwise;
    if (each.result !== 'done' || otherwise === undefined) return each;
    return { ...each, result: 'failed', error: { code: 'conflict', message: otherwise } };
  });
}

/** What was ordered stays with what is looked at later: only the first answer has `drained`. */
function merge(before: NodeResult, news: NodeResult | undefined): NodeResult {
  if (news === undefined) return before;
  const drained = before.status?.drained;
  if (news.status === undefined || drained === undefined) return news;
  return { ...news, status: { ...news.status, drained } };
}

function failIfAny(results: readonly NodeResult[]): void {
  const failed = results.filter(({ result }) => result === 'failed');
  const [one] = failed;
  if (one === undefined) return;
  const are = (code: string): boolean => failed.every(({ error }) => error?.code === code);
  const exit = are('node-unreachable') ? EXIT.unreachable : are('conflict') ? EXIT.otherwise : EXIT.refused;
  const names = failed.slice(0, 8).map(({ id }) => id);
  const more = failed.length > names.length ? ' …' : '';
  const message = `${failed.length} of ${results.length} nodes failed: ${names.join(', ')}${more}`;
  const remedy = one.error?.remedy;
  throw new CommandError(exit, 'node-refused', message, remedy === undefined ? {} : { remedy });
}
