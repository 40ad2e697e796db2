// A sandbox is pooled only when its HTTP server answered on its own base path.
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { FleetError } from '../../shared/errors.ts';
import { basePath } from './command.ts';
import type { Address } from './engine.ts';

const FIRST_PAUSE_MS = 40;
const LONGEST_PAUSE_MS = 250;
const ONE_TRY_MS = 5_000;

export interface Probed {
  readonly id: string;
  readonly token: string;
  readonly address: Address | undefined;
}

/**
 * Asks again and again until it answers well, or `signal` aborts.
 * @throws FleetError `start-failed` with the last thing that was wrong
 */
export async function awaitAnswer(sandbox: Probed, signal: AbortSignal): Promise<void> {
  if (sandbox.address === undefined) throw new FleetError('start-failed', 'it has no address');
  const url = `http://${sandbox.address.host}:${sandbox.address.port}${basePath(sandbox.id)}/`;
  let pause = FIRST_PAUSE_MS;
  let last = 'it was never asked';
  while (!signal.aborted) {
    try {
      const answer = await request(url, {
        headers: { authorization: `token ${sandbox.token}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(ONE_TRY_MS)]),
      });
      await answer.body.dump();
      if (isAlive(answer.statusCode)) return;
      last = `it answers ${answer.statusCode} on its base path`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await delay(pause, undefined, { signal }).catch(() => undefined);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5);
  }
  throw new FleetError('start-failed', last);
}

/** 401 and 403 come from a server that is there and has its own ideas; 404 comes from one that is not ours. */
function isAlive(status: number): boolean {
  return status < 400 || status === 401 || status === 403;
}
