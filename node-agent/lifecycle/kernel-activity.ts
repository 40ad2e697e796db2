// When code last ran in a sandbox's Jupyter kernels. A reader who waits for a long computation sends nothing meanwhile.
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import { readText } from '../../shared/http/read-body.ts';
import { parseJson } from '../../shared/protocol/wire.ts';
import type { NodeAgentConfig } from '../config.ts';
import { type AskedSandbox, pathIn } from '../engine/readiness.ts';
import type { Pool } from '../pool/pool.ts';
import type { Sandbox } from '../sandboxes/table.ts';

/** On a busy host Jupyter takes seconds to answer, and a cell that runs must not be ended for that. */
const PATIENCE_MS = 10_000;
const MAX_ANSWER_BYTES = 256 * 1024;

/** https://jupyter-server.readthedocs.io/en/latest/developers/rest-api.html, `GET /api/kernels` */
const kernelsSchema = z.array(z.object({ last_activity: z.string(), execution_state: z.string() }));

/** A new connection for each request, as the request comes once in an hour. */
const connections = new Agent({ pipelining: 0 });

/**
 * Asks the sandbox's server.
 * @param now ms since 1970; no activity is later, whatever the sandbox says
 * @param signal gives up
 * @param stripPrefix it does not know its base path
 * @returns ms since 1970: `now` while a kernel is busy; undefined where there is no kernel, or no Jupyter that answers
 */
export async function lastKernelActivity(
  { id, token, address }: AskedSandbox,
  now: number,
  signal: AbortSignal | undefined,
  stripPrefix = false,
): Promise<number | undefined> {
  if (address === undefined) return undefined;
  try {
    const { statusCode, body } = await request(
      `http://${address.host}:${address.port}${pathIn(id, 'api/kernels', { stripPrefix })}`,
      {
        dispatcher: connections,
        headers: { authorization: `token ${token}` },
        signal: AbortSignal.any([...(signal ? [signal] : []), AbortSignal.timeout(PATIENCE_MS)]),
      },
    );
    const text = await readText(body, { bytes: MAX_ANSWER_BYTES, what: 'its list of kernels' });
    if (statusCode !== 200) return undefined;
    const kernels = parseJson(text, kernelsSchema, 'its list of kernels');
    if (kernels.some(({ execution_state: state }) => state === 'busy')) return now;
    const times = kernels.map(({ last_activity: at }) => Date.parse(at)).filter((at) => at <= now);
    return times.length === 0 ? undefined : Math.max(...times);
  } catch {
    // No Jupyter, or one that does not answer: what the reader sends is all that is known.
    return undefined;
  }
}

export interface KernelQuestion {
  readonly pool: Pick<Pool, 'use' | 'time'>;
  readonly clock: Clock;
  readonly config: Pick<NodeAgentConfig, 'stripPrefix'>;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/**
 * Asks the sandbox's server, and records work of its kernels as use. A frozen one is not asked: it was before it was frozen, and
 * has computed nothing since.
 */
export async function useByKernels(sandbox: Sandbox, question: KernelQuestion): Promise<void> {
  if (sandbox.frozen === true) return;
  const { pool, clock, config, signal } = question;
  const at = await lastKernelActivity(sandbox, clock.now(), signal, config.stripPrefix);
  const activeAt = at === undefined ? Number.NEGATIVE_INFINITY : pool.time.fromWall(at);
  if (activeAt > (sandbox.lastUse ?? 0)) pool.use(sandbox.id, activeAt);
}
