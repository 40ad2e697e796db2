// Whether the HTTP server of a sandbox answers on its own base path: before it is pooled, and again before it is given out.
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { describeError, FleetError } from '../../shared/errors.ts';
import { basePath } from './command.ts';
import type { Address } from './engine.ts';

const FIRST_PAUSE_MS = 40;
const LONGEST_PAUSE_MS = 250;
const ONE_TRY_MS = 5_000;

/** A connection for each question: a kept one that the server has closed would look like a server that is gone. */
const connections = new Agent({ pipelining: 0 });

export interface AskedSandbox {
  readonly id: string;
  readonly token: string;
  readonly address: Address | undefined;
}

/**
 * Asks again and again until it answers well, or `signal` aborts.
 * @throws FleetError `start-failed` with the last thing that was wrong
 */
export async function awaitAnswer(sandbox: AskedSandbox, signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  let last = 'it was never asked';
  while (!signal.aborted) {
    const fault = await findFault(sandbox, AbortSignal.any([signal, AbortSignal.timeout(ONE_TRY_MS)]));
    if (fault === undefined) return;
    // What an abort says of itself is no news of the sandbox.
    if (!signal.aborted) last = fault;
    await delay(pause, undefined, { signal }).catch(() => undefined);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5);
  }
  throw new FleetError('start-failed', last);
}

/** Asks once. @returns what is wrong, or undefined when it answers well */
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

/** 401 and 403 come from a server that is there and has its own ideas; 404 comes from one that is not ours. */
function isAlive(status: number): boolean {
  return status < 400 || status === 401 || status === 403;
}
