// Checks that a sandbox's HTTP server answers on its base path: before it is pooled, and again before it is given out.
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { describeError, FleetError } from '../../shared/errors.ts';
import { basePath } from './command.ts';
import type { Address } from './engine.ts';

const FIRST_PAUSE_MS = 40;
const LONGEST_PAUSE_MS = 250;
const ONE_TRY_MS = 5_000;

/** A new connection for each request: a kept one that the server has closed would look like a server that is gone. */
const connections = new Agent({ pipelining: 0 });

export interface AskedSandbox {
  readonly id: string;
  readonly token: string;
  readonly address: Address | undefined;
}

/**
 * Repeats the request until the server answers well, or `signal` aborts.
 * @throws FleetError `start-failed` with the last fault
 */
export async function awaitAnswer(sandbox: AskedSandbox, signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  let last = 'it was never asked';
  while (!signal.aborted) {
    const fault = await findFault(sandbox, AbortSignal.any([signal, AbortSignal.timeout(ONE_TRY_MS)]));
    if (fault === undefined) return;
    // The error of an abort says nothing about the sandbox.
    if (!signal.aborted) last = fault;
    await delay(pause, undefined, { signal }).catch(() => undefined);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5);
  }
  throw new FleetError('start-failed', last);
}

/** One request. @returns the fault, or undefined when the server answers well */
export async function findFault(
  { id, token, address }: AskedSandbox,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (address === undefined) return 'it has no address';
  try {
    const answer = await request(`http://${address.host}:${address.port}${basePath(id)}/`, {
      dispatcher: connections,
      headers: { authorization: `token ${token}` },
      signal,
    });
    await answer.body.dump();
    return isAlive(answer.statusCode) ? undefined : `it answers ${answer.statusCode} on its base path`;
  } catch (error) {
    return describeError(error);
  }
}

/** 401 and 403 come from a working server with its own access rules; 404 comes from a server that is not ours. */
function isAlive(status: number): boolean {
  return status < 400 || status === 401 || status === 403;
}
