// What a reader in line is answered: the page for people, JSON for programs and for the page's own requests.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { errorBody, errorSchema } from '../api/error.ts';
import { REFUSALS } from '../api/refusal.ts';
import type { Clock } from '../clock.ts';
import { answerJson, answerPage, wantsPage } from '../http/answer.ts';
import { waitingPage } from './page.ts';
import { withPlace } from './place.ts';
import type { Standing } from './waiters.ts';

/** With status 503, to one who waits and accepts `application/json`. */
export const waitingSchema = errorSchema.extend({
  place: z.number().int().positive().describe('1 for the first in line'),
  eta: z
    .number()
    .int()
    .positive()
    .nullable()
    .describe('expected time until they are let in, s; null: unknown'),
  retry_after: z.number().int().describe('when to ask again, s'),
  again: z
    .string()
    .describe('the path to ask again, which holds their place; the answer is held for up to 26 s'),
  reason: z.string().describe('`full`, or why no reader is let in at the moment'),
});

/** With status 200, to one who showed a place and accepts `application/json`. */
export const admittedSchema = z.object({
  status: z.literal('admitted'),
  location: z.string().describe('where the sandbox is given, within seconds'),
});

export interface WaitingAnswerOptions {
  /** ms */
  readonly retryAfterMs: number;
  /** `--meanwhile`, as it is at the time. */
  readonly config: { readonly meanwhile: string };
  readonly clock: Pick<Clock, 'now'>;
}

/** Whether a program says that it can read the JSON for those in line. */
export function acceptsJson({ headers }: IncomingMessage): boolean {
  return (headers.accept ?? '').includes('application/json');
}

/** @param address as requested, without our parameters */
export function createAnswerWaiting({ retryAfterMs, config, clock }: WaitingAnswerOptions) {
  const retryAfter = Math.ceil(retryAfterMs / 1000);
  return (request: IncomingMessage, response: ServerResponse, standing: Standing, address: string): void => {
    if (response.headersSent) return;
    const { place, position, etaSeconds, reason } = standing;
    const again = withPlace(address, place);
    response.setHeader('retry-after', String(retryAfter));
    if (wantsPage(request)) {
      const waitedSeconds = Math.max(0, clock.now() - place.arrivedAt) / 1000;
      answerPage(response, 503, waitingPage({ standing, again, waitedSeconds, meanwhile: config.meanwhile }));
      return;
    }
    const { code, message } = REFUSALS[reason];
    answerJson(response, 503, {
      ...errorBody(code, message),
      ...{ place: position, eta: etaSeconds ?? null, retry_after: retryAfter, again, reason },
    } satisfies z.infer<typeof waitingSchema>);
  };
}

/** For a page or program that asked in line: it goes to the address itself. */
export function answerAdmitted(response: ServerResponse, location: string): void {
  answerJson(response, 200, { status: 'admitted', location } satisfies z.infer<typeof admittedSchema>);
}
