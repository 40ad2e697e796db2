// `tmpfleet doctor --front`: every node as the front sees it and as it is found, and the way of a reader from end to end.

import { z } from 'zod';
import { probeResultSchema } from '../../shared/api/finding.ts';
import { type NodeJson, nodesSchema } from '../../shared/api/node.ts';
import { webhookPingSchema, webhookStatusSchema } from '../../shared/api/webhook.ts';
import { checkCertificate } from '../../shared/checkup/certificate.ts';
import { check, type Finding, type Verdict } from '../../shared/checkup/checkup.ts';
import { spellCount } from '../../shared/config/units.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { isLoopback } from '../../shared/http/serving.ts';
import { click, type Landing } from '../../shared/reader/click.ts';
import { isJupyter, runLine } from '../../shared/reader/kernel.ts';
import type { ControlClient } from '../control/client.ts';

export interface FrontCheckOptions {
  /** Of the front's control listener. */
  readonly client: ControlClient;
  /** The address that readers click; empty for no reader. */
  readonly url: string;
  /** ms since 1970 */
  readonly now: number;
}

/** The front looks at the node before it answers. ms */
const TIMEOUT_MS = 30_000;
/** Polls are seconds apart: a report that is this old was missed several times. */
const OLD_REPORT_S = 15;

/** Yields each finding as soon as it is known. */
export async function* examineFront(options: FrontCheckOptions): AsyncGenerator<Finding> {
  const { client, url, now } = options;
  const nodes: NodeJson[] = [];
  yield await check('front', async () => {
    nodes.push(...(await client.send({ path: '/api/nodes', schema: nodesSchema })).nodes);
    return judgeFleet(nodes);
  });
  for (const node of nodes) yield await check(`node ${node.id}`, () => examineNode(client, node));
  yield* checkWebhook(client);
  for (const address of [...new Set([client.url, url, ...nodes.map((node) => node.url)])]) {
    if (!address.startsWith('https:')) continue;
    yield await check(`certificate of ${new URL(address).host}`, () => checkCertificate(address, now));
  }
  if (url !== '') yield* sendReader(options, nodes);
}

function judgeFleet(nodes: readonly NodeJson[]): Verdict {
  const taking = nodes.filter(({ schedulable }) => schedulable).length;
  const detail = `${spellCount(nodes.length, 'node')}, ${taking} of them ${taking === 1 ? 'takes' : 'take'} readers`;
  if (nodes.length === 0) {
    return {
      level: 'fail',
      detail: 'there are no nodes',
      remedy: 'add one: tmpfleet node add https://…',
    };
  }
  if (taking === 0) return { level: 'fail', detail, remedy: 'the nodes below say why' };
  return taking < nodes.length ? { level: 'warn', detail, remedy: 'the nodes below say why' } : { detail };
}

async function examineNode(client: ControlClient, node: NodeJson): Promise<Verdict> {
  const { id, reachability, state, unreachable_reason: reason, slots, capacity } = node;
  const age = node.report_age_seconds;
  if (reachability !== 'reachable') {
    const detail = `${reachability}: ${reason ?? 'not heard from yet'}`;
    return { level: 'fail', detail, remedy: 'is its node-agent running? try tmpfleet doctor on its host' };
  }
  const { findings, remedy } = await client.send({
    ...{ path: `/api/nodes/${encodeURIComponent(id)}/probe`, schema: probeResultSchema, timeout: TIMEOUT_MS },
  });
  const wrong = findings.find(({ ok }) => !ok);
  if (wrong !== undefined) {
    const what = { level: 'fail' as const, detail: `${wrong.check}: ${wrong.detail}` };
    return remedy === null ? what : { ...what, remedy };
  }
  const clock = findings.find((finding) => finding.check === 'clock')?.detail ?? '';
  const detail = `${state ?? 'ready'}, ${slots.warm} of ${capacity} warm, report ${age ?? '?'} s old; ${clock}`;
  const doubts = [
    ...(state === 'ready' || state === null ? [] : [`it is ${state}, and takes no readers`]),
    ...(age !== null && age > OLD_REPORT_S ? [`its report is ${age} s old`] : []),
    ...findings.filter(({ warning }) => warning === true).map((finding) => finding.detail),
  ];
  return doubts.length === 0 ? { detail } : { level: 'warn', detail, remedy: doubts.join('; ') };
}

/** Yields nothing where the front has none. */
async function* checkWebhook(client: ControlClient): AsyncGenerator<Finding> {
  const status = await client
    .send({ path: '/api/webhook', schema: webhookStatusSchema })
    .catch(() => undefined);
  if (status === undefined || status.origin === null) return;
  const { origin, waiting, dropped } = status;
  yield await check('webhook', async () => {
    const { ok, took_ms, problem } = await client.send({
      ...{ method: 'POST', path: '/api/webhook/ping', schema: webhookPingSchema, timeout: TIMEOUT_MS },
    });
    const more = `${waiting} events wait, ${dropped} were dropped`;
    if (!ok) {
      return {
        level: 'fail',
        detail: `${origin}: ${problem ?? 'it does not answer'}; ${more}`,
        remedy: 'is its receiver running, and does it have the secret of --webhook-secret-file?',
      };
    }
    const detail = `${origin} answers in ${took_ms} ms; ${more}`;
    const { protocol, hostname } = new URL(origin);
    if (protocol === 'https:' || isLoopback(hostname)) return { detail };
    return { level: 'warn', detail, remedy: 'others on the way can read what is posted there: use https://' };
  });
}

async function* sendReader(options: FrontCheckOptions, nodes: readonly NodeJson[]): AsyncGenerator<Finding> {
  const landings: Landing[] = [];
  yield await check('reader', async () => {
    const began = performance.now();
    const landing = await click(`${options.url}/`, { agent: 'tmpfleet-doctor' });
    landings.push(landing);
    const took = Math.round(performance.now() - began);
    return { detail: `a click led to a sandbox at ${new URL(landing.base).host} in ${took} ms` };
  });
  for (const landing of landings) {
    yield await check('notebook', () => useNotebook(landing));
    yield await check('leaving', () => leave(options.client, nodes, landing));
  }
}

async function useNotebook(landing: Landing): Promise<Verdict> {
  if (!(await isJupyter(landing))) return { detail: 'its page answers (no Jupyter, so no line was run)' };
  const began = performance.now();
  const printed = (await runLine(landing, 'print(6*7)')).trim();
  const took = ((performance.now() - began) / 1000).toFixed(1);
  if (printed === '42') return { detail: `a kernel ran print(6*7) in ${took} s` };
  return {
    level: 'fail',
    detail: `print(6*7) printed ${JSON.stringify(printed)}`,
    remedy: 'try it in a browser',
  };
}

/** Removes the sandbox that the check started; otherwise it would stay until it is idle. */
async function leave(
  client: ControlClient,
  nodes: readonly NodeJson[],
  { base, sandbox }: Landing,
): Promise<Verdict> {
  const node = nodes.find(({ url }) => base.startsWith(`${url}/user/`));
  try {
    if (node === undefined)
      throw new FleetError('not-found', `no node of the fleet is at ${new URL(base).host}`);
    await client.send({
      method: 'DELETE',
      path: `/api/nodes/${encodeURIComponent(node.id)}/sandboxes/${sandbox}`,
      schema: z.object({ removing: z.string() }),
    });
    return { detail: 'its sandbox was removed again' };
  } catch (error) {
    return { level: 'warn', detail: `its sandbox stays until it has been idle: ${describeError(error)}` };
  }
}
