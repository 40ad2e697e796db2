// Delivers events to a webhook: in small batches, one at a time, again after a failure. What waits is bounded: the oldest go
// first, and are counted. Nothing here is awaited by anything that serves readers.
import { request } from 'undici';
import type { WebhookBody, WebhookEvent, WebhookStatusJson } from '../../shared/api/webhook.ts';
import { Backoff } from '../../shared/backoff.ts';
import { type Clock, newNonce, type Random } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { explainUnreachable } from '../../shared/http/network-errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { WebhookConfig } from '../webhook-options.ts';
import { signDelivery, WEBHOOK_SIGNATURE_HEADER } from './signature.ts';

/** Most events that wait; a thousand take less than a megabyte. */
export const MAX_WAITING = 1_000;
const BATCH = 50;
/** After the first event, how long others may join it. ms */
const GATHER_MS = 500;
/** For the whole exchange: a receiver that hangs is tried again. ms */
const ANSWER_MS = 10_000;
/** Of an answer's body, which says nothing that we need; read so that the connection can be used again. */
const MAX_ANSWER_BYTES = 16 * 1024;
/** For that. ms */
const BODY_MS = 1_000;
/** The receiver takes events, but not these; after any other answer the same are sent again. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);
/** Between two log lines about dropped events. ms */
const LOG_EVERY_MS = 60_000;

export interface DeliveryOptions {
  /** Read at each delivery: a reload may change the address and the events. */
  readonly config: WebhookConfig;
  /** The front's own name. */
  readonly front: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Batch {
  readonly id: string;
  readonly events: WebhookEvent[];
}

export class WebhookDelivery {
  readonly #options: DeliveryOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #waiting: WebhookEvent[] = [];
  #batch: Batch | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  /** While a failure is waited out. */
  #mayNotSend = false;
  #failingSince: number | undefined;
  #problem: string | undefined;
  #droppedToLog = 0;
  #loggedDropsAt = Number.NEGATIVE_INFINITY;
  readonly counts = { delivered: 0, dropped: 0, refused: 0 };

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, options.random, () => {
      // Not asked whether it is over: by another clock than its timer's, it may be so a moment later.
      this.#mayNotSend = false;
      this.#sendSoon(0);
    });
  }

  /** Takes an event that the configuration asks for. Returns at once, whatever the receiver does. */
  add(event: WebhookEvent): void {
    const { webhook, webhookEvents } = this.#options.config;
    if (webhook === '' || this.#stopping.signal.aborted || !webhookEvents.includes(event.event)) return;
    this.#waiting.push(event);
    this.#dropSurplus();
    this.#sendSoon(GATHER_MS);
  }

  get waiting(): number {
    return this.#waiting.length + (this.#batch?.events.length ?? 0);
  }

  get isFailing(): boolean {
    return this.#failingSince !== undefined;
  }

  /** Without the path of the address, which may hold a secret. */
  status(): WebhookStatusJson {
    const { webhook } = this.#options.config;
    const { delivered, dropped, refused } = this.counts;
    return {
      origin: webhook === '' ? null : new URL(webhook).origin,
      ...{ waiting: this.waiting, delivered, dropped: dropped + refused },
      failing_since: this.#failingSince === undefined ? null : new Date(this.#failingSince).toISOString(),
      problem: this.#problem ?? null,
    };
  }

  /** The configuration was read again: another address may answer. */
  reload(): void {
    if (this.#options.config.webhook === '') {
      this.#waiting = [];
      this.#batch = undefined;
      this.#failingSince = undefined;
      this.#problem = undefined;
    }
    this.#mayNotSend = false;
    this.#backoff.succeeded();
    if (this.waiting > 0) this.#sendSoon(0);
  }

  /** Posts an event of its own, past the queue. @returns why it failed, or undefined */
  async ping(): Promise<string | undefined> {
    const { clock } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const text = 'an operator asks whether this webhook answers';
    const batch = { id: newNonce(), events: [{ id: newNonce(), at, event: 'ping' as const, text }] };
    try {
      await this.#post(batch);
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }

  /** Sends nothing more. */
  async close(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#gathering);
    this.#backoff.stop();
    await this.#sending;
  }

  #sendSoon(ms: number): void {
    if (this.#gathering !== undefined || this.#sending !== undefined) return;
    if (this.#mayNotSend || this.#stopping.signal.aborted) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined;
        if (this.waiting > 0) this.#sendSoon(0);
      });
    }, ms);
  }

  async #send(): Promise<void> {
    const { config, logger } = this.#options;
    if (config.webhook === '' || this.waiting === 0) return;
    this.#batch ??= { id: newNonce(), events: this.#waiting.splice(0, BATCH) };
    const batch = this.#batch;
    try {
      await this.#post(batch);
      this.counts.delivered += batch.events.length;
      this.#batch = undefined;
      this.#backoff.succeeded();
      if (this.isFailing) logger.info({ webhook: originOf(config.webhook) }, 'the webhook answers again');
      this.#failingSince = undefined;
      this.#problem = undefined;
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#failed(error, batch);
    }
  }

  #failed(error: unknown, batch: Batch): void {
    const { config, clock, logger } = this.#options;
    const problem = describeError(error);
    const fields = { webhook: originOf(config.webhook), error: problem };
    if (!this.isFailing) logger.warn(fields, 'the webhook fails; events wait, and are sent again');
    else if (problem !== this.#problem) logger.warn(fields, 'the webhook still fails');
    this.#failingSince ??= clock.now();
    this.#problem = problem;
    this.#mayNotSend = true;
    this.#backoff.failed();
    if (!(error instanceof Refused)) return;
    // Sent again it would be refused again, and hold up all that follow.
    this.counts.refused += batch.events.length;
    this.#batch = undefined;
    logger.warn(
      { ...fields, events: batch.events.length },
      'the webhook refuses these events; they are dropped',
    );
  }

  #dropSurplus(): void {
    const surplus = this.#waiting.length - MAX_WAITING;
    if (surplus <= 0) return;
    this.#waiting.splice(0, surplus);
    this.counts.dropped += surplus;
    this.#droppedToLog += surplus;
    const { clock, logger } = this.#options;
    if (clock.monotonic() - this.#loggedDropsAt < LOG_EVERY_MS) return;
    logger.warn(
      { dropped: this.#droppedToLog, waiting: this.waiting },
      'the webhook does not answer, and the oldest events were dropped',
    );
    this.#loggedDropsAt = clock.monotonic();
    this.#droppedToLog = 0;
  }

  /** @throws FleetError, or Refused */
  async #post({ id, events }: Batch): Promise<void> {
    const { config, front, clock } = this.#options;
    const { dropped, refused } = this.counts;
    const body = JSON.stringify({ id, front, dropped: dropped + refused, events } satisfies WebhookBody);
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ANSWER_MS)]);
    // Follows no redirects: what is signed for one receiver goes to no other.
    const answer = await request(config.webhook, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'tmpfleet',
        [WEBHOOK_SIGNATURE_HEADER]: signDelivery(body, config.webhookSecret, clock.now()),
      },
      signal,
    }).catch((cause: unknown) => {
      const { message } = explainUnreachable(cause, originOf(config.webhook));
      throw new FleetError('unavailable', message, { cause });
    });
    const { statusCode: status } = answer;
    // The status is the answer; a body without end is not waited for.
    const patience = AbortSignal.timeout(BODY_MS);
    await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal: patience }).catch(() => undefined);
    if (status >= 200 && status < 300) return;
    if (REFUSALS.has(status)) throw new Refused(`it answers ${status}`);
    const more = status >= 300 && status < 400 ? ', and redirects are not followed' : '';
    throw new FleetError('unavailable', `it answers ${status}${more}`);
  }
}

/** The receiver does not want what it was sent. */
class Refused extends Error {}

/** What may be logged of an address: its path may hold a secret. */
function originOf(url: string): string {
  return new URL(url).origin;
}
