// `tmpfleet doctor --front`: every node as the front sees it and as it is found, and the way of a reader from end to end.
import got, { HTTPError, ParseError } from 'got';
import { z } from 'zod';
import { checkCertificate } from '../../shared/checkup/certificate.ts';
import { check, type Finding, type Verdict } from '../../shared/checkup/checkup.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { explainUnreachable } from '../../shared/http/network-errors.ts';
import { click, isJupyter, type Landing, runLine } from './reader.ts';

export interface FrontCheckOptions {
  /** The control listener's address. */
  readonly front: string;
  /** The address that readers click; empty for no reader. */
  readonly url: string;
  readonly token: string;
  /** ms since 1970 */
  readonly now: number;
}

const nodeSchema = z.object({
  id: z.string(),
  url: z.string(),
  answers: z.string(),
  state: z.string().nullable(),
  schedulable: z.boolean(),
  reason: z.string().nullable(),
  available: z.number(),
  capacity: z.number(),
  report_age_seconds: z.number().nullable(),
});
type NodeFacts = z.infer<typeof nodeSchema>;

const probeSchema = z.object({
  findings: z.array(
    z.object({ check: z.string(), ok: z.boolean(), warning: z.boolean().optional(), detail: z.string() }),
  ),
  remedy: z.string().nullable(),
});

const ASK_MS = 30_000;
/** Polls are seconds apart: a report that is this old was missed several times. */
const OLD_REPORT_S = 15;

/** Yields each finding as soon as it is known. */
export async function* examineFront(options: FrontCheckOptions): AsyncGenerator<Finding> {
  const { front, url, now } = options;
  const nodes: NodeFacts[] = [];
  yield await check('front', async () => {
    const told = z.array(nodeSchema).safeParse(await call(options, 'get', '/api/nodes'));
    if (!told.success) throw noControl(front, told.error);
    nodes.push(...told.data);
    return judgeFleet(nodes);
  });
  for (const node of nodes) yield await check(`node ${node.id}`, () => examineNode(options, node));
  for (const address of [...new Set([front, url, ...nodes.map((node) => node.url)])]) {
    if (!address.startsWith('https:')) continue;
    yield await check(`certificate of ${new URL(address).host}`, () => checkCertificate(address, now));
  }
  if (url !== '') yield* sendReader(options, nodes);
}

function judgeFleet(nodes: readonly NodeFacts[]): Verdict {
  const taking = nodes.filter(({ schedulable }) => schedulable).length;
  const detail = `${nodes.length} nodes, of which ${taking} take readers`;
  if (nodes.length === 0) {
    return {
      level: 'fail',
      detail: 'there are no nodes',
      remedy: 'add one: POST /api/nodes {"url":"https://…"}',
    };
  }
  if (taking === 0) return { level: 'fail', detail, remedy: 'the nodes below say why' };
  return taking < nodes.length ? { level: 'warn', detail, remedy: 'the nodes below say why' } : { detail };
}

async function examineNode(options: FrontCheckOptions, node: NodeFacts): Promise<Verdict> {
  const { id, answers, state, reason, available, capacity, report_age_seconds: age } = node;
  if (answers !== 'reachable') {
    const detail = `${answers}: ${reason ?? 'not heard from yet'}`;
    return { level: 'fail', detail, remedy: 'is its node-agent running? try tmpfleet doctor on its host' };
  }
  const { findings, remedy } = probeSchema.parse(
    await call(options, 'get', `/api/nodes/${encodeURIComponent(id)}/probe`),
  );
  const wrong = findings.find(({ ok }) => !ok);
  if (wrong !== undefined) {
    const what = { level: 'fail' as const, detail: `${wrong.check}: ${wrong.detail}` };
    return remedy === null ? what : { ...what, remedy };
  }
  const clock = findings.find((finding) => finding.check === 'clock')?.detail ?? '';
  const detail = `${state ?? 'ready'}, ${available} of ${capacity} ready, report ${age ?? '?'} s old; ${clock}`;
  const doubts = [
    ...(state === 'ready' || state === null ? [] : [`it is ${state}, and takes no readers`]),
    ...(age !== null && age > OLD_REPORT_S ? [`its report is ${age} s old`] : []),
    ...findings.filter(({ warning }) => warning === true).map((finding) => finding.detail),
  ];
  return doubts.length === 0 ? { detail } : { level: 'warn', detail, remedy: doubts.join('; ') };
}

async function* sendReader(options: FrontCheckOptions, nodes: readonly NodeFacts[]): AsyncGenerator<Finding> {
  let landing: Landing | undefined;
  yield await check('reader', async () => {
    const began = performance.now();
    landing = await click(`${options.url}/`);
    const took = Math.round(performance.now() - began);
    return { detail: `a click led to a sandbox at ${new URL(landing.base).host} in ${took} ms` };
  });
  if (landing === undefined) return;
  const { base, sandbox } = landing;
  yield await check('notebook', () => useNotebook(base));
  yield await check('leaving', () => leave(options, nodes, base, sandbox));
}

async function useNotebook(base: string): Promise<Verdict> {
  if (!(await isJupyter(base))) return { detail: 'its page answers (no Jupyter, so no line was run)' };
  const began = performance.now();
  const printed = (await runLine(base, 'print(6*7)')).trim();
  const took = ((performance.now() - began) / 1000).toFixed(1);
  if (printed === '42') return { detail: `a kernel ran print(6*7) in ${took} s` };
  return {
    level: 'fail',
    detail: `print(6*7) printed ${JSON.stringify(printed)}`,
    remedy: 'try it in a browser',
  };
}

/** What a check-up took, it gives back: nobody else would until it is idle. */
async function leave(
  options: FrontCheckOptions,
  nodes: readonly NodeFacts[],
  base: string,
  sandbox: string,
): Promise<Verdict> {
  const node = nodes.find(({ url }) => base.startsWith(`${url}/user/`));
  try {
    if (node === undefined)
      throw new FleetError('not-found', `no node of the fleet is at ${new URL(base).host}`);
    await call(options, 'delete', `/api/nodes/${encodeURIComponent(node.id)}/sandboxes/${sandbox}`);
    return { detail: 'its sandbox was removed again' };
  } catch (error) {
    return { level: 'warn', detail: `its sandbox stays until it has been idle: ${describeError(error)}` };
  }
}

const refusalSchema = z.object({ message: z.string(), remedy: z.string().optional() });

/** A call to the control listener. @throws FleetError with its own words */
async function call(
  { front, token }: FrontCheckOptions,
  method: 'get' | 'delete',
  path: string,
): Promise<unknown> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  try {
    return await got(front + path, {
      method,
      headers,
      timeout: { request: ASK_MS },
      retry: { limit: 0 },
      followRedirect: false,
    }).json();
  } catch (cause) {
    if (cause instanceof ParseError) throw noControl(front, cause);
    if (!(cause instanceof HTTPError)) {
      const { message, remedy } = explainUnreachable(cause, front);
      throw new FleetError('unavailable', message, { cause, remedy });
    }
    throw refusal(cause, front);
  }
}

function refusal(cause: HTTPError, front: string): FleetError {
  const { statusCode, body } = cause.response;
  if (statusCode === 401) {
    const remedy = 'give it with TMPFLEET_CONTROL_TOKEN or --control-token-file';
    return new FleetError('unauthorized', `${front} asks for its control token`, { cause, remedy });
  }
  const told = parseRefusal(body);
  // Only ours says what to do; a front's public side answers every path, this one too.
  if (told?.remedy === undefined && statusCode >= 500) return noControl(front, cause);
  const { message = `it answers ${statusCode}`, remedy = 'is this front of the same version?' } = told ?? {};
  return new FleetError('unavailable', message, { cause, remedy });
}

function parseRefusal(body: unknown): z.infer<typeof refusalSchema> | undefined {
  try {
    return refusalSchema.safeParse(JSON.parse(String(body))).data;
  } catch {
    // Not JSON: not one of our answers.
    return undefined;
  }
}

function noControl(front: string, cause: unknown): FleetError {
  const remedy = '--front is the address of its control listener (by default http://127.0.0.1:9001)';
  return new FleetError('unavailable', `what answers at ${front} is no front's control listener`, {
    cause,
    remedy,
  });
}
