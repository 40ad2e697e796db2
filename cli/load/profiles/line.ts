// A reader in line: asks as the script of the line's page does, until they are let in or have lost patience.
import { z } from 'zod';
import { admittedSchema, waitingSchema } from '../../../shared/line/answer.ts';
import { parseJson } from '../../../shared/protocol/wire.ts';
import type { Visit } from './visit.ts';

/** A front holds the request for 20 to 26 s. */
const HELD_MS = 45_000;
/** Requests that end sooner are repeated more and more slowly. ms */
const SOON_MS = 10_000;
const MOST_GAP_MS = 15_000;

const answerSchema = z.object({
  location: admittedSchema.shape.location.optional(),
  again: waitingSchema.shape.again.optional(),
});

export interface Patience {
  readonly patienceMs: number;
  /** In line until now; who is let in and sent back goes on waiting. */
  waitedMs: number;
}

/** @returns where they are let in. @throws VisitEnded when they give up */
export async function waitInLine(visit: Visit, from: string, patience: Patience): Promise<string> {
  const { patienceMs, waitedMs } = patience;
  const began = visit.elapsedMs;
  let again = from;
  let short = 0;
  for (;;) {
    patience.waitedMs = waitedMs + visit.elapsedMs - began;
    const left = patienceMs - patience.waitedMs;
    if (left <= 0 || visit.leaving.aborted) gaveUp(visit, patienceMs);
    const asked = visit.elapsedMs;
    const next = await ask(visit, again, Math.min(HELD_MS, left + 100));
    patience.waitedMs = waitedMs + visit.elapsedMs - began;
    if (next?.location !== undefined) return new URL(next.location, again).href;
    if (next?.again !== undefined) again = new URL(next.again, again).href;
    short = visit.elapsedMs - asked < SOON_MS ? short + 1 : 0;
    const gap = Math.min(MOST_GAP_MS, 1_500 * 2 ** short) * (0.7 + 0.6 * visit.random());
    if (short > 0) await visit.sleep(Math.min(gap, left));
  }
}

/** Undefined where there was no answer that says anything: the page goes on asking, too. */
async function ask(visit: Visit, again: string, timeoutMs: number) {
  try {
    const { text, status } = await visit.client.request(again, {
      ...{ destination: 'fetch', site: 'same-origin', isRead: true, timeoutMs },
      headers: { accept: 'application/json' },
    });
    if (status === 429) return undefined;
    return parseJson(text, answerSchema, 'the answer to a reader in line');
  } catch {
    return undefined;
  }
}

function gaveUp(visit: Visit, patienceMs: number): never {
  visit.giveUp('line', 'left-the-line', `a reader in line gave up after ${patienceMs / 1_000} s`);
}
