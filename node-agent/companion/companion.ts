// The node's side of the companion: answers below `/user/<id>/.tmpfleet/`. The proxy has checked the sandbox's key before.
// Nothing here is use of the sandbox, except what the reader says to be use.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { answerError, answerJson } from '../../shared/http/answer.ts';
import { askForBody, readText } from '../../shared/http/read-body.ts';
import { isForeignPost } from '../../shared/http/visitor.ts';
import type { EndReason } from '../../shared/protocol/sandbox-state.ts';
import { parseJson } from '../../shared/protocol/wire.ts';
import type { SteadyClock } from '../sandboxes/steady-clock.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';
import { type ClickTimesDesk, clickTimesBody } from './click-times.ts';
import type { EndedJson, OpeningJson } from './messages.ts';
import { describeMoments, isIdleNear, isNews, type Moments, momentsOf, warningOf } from './moments.ts';
import { MAX_STREAMS, Streams } from './streams.ts';

export interface CompanionOptions {
  readonly config: {
    readonly idleMs: number;
    readonly maxAgeMs: number;
    readonly keepBusy: boolean;
    readonly openUrls: boolean;
  };
  readonly table: Pick<SandboxTable, 'get'>;
  readonly clock: Clock;
  readonly time: SteadyClock;
  /** When the node's drain ends its readers, ms since 1970; null when there is none. */
  readonly drainDeadline: () => number | null;
  /** @param at by `time` */
  readonly use: (id: string, at: number) => void;
  readonly end: (id: string, reason: EndReason) => void;
  /** Where new notebooks are opened: an origin, or empty for the page's own. */
  readonly homeOf: (request: IncomingMessage) => string;
  /** Asks the sandbox for work of its kernels, and records that as use. */
  readonly lookAtKernels: (sandbox: Sandbox) => Promise<void>;
  readonly clickTimes: Pick<ClickTimesDesk, 'isAsked' | 'take'>;
}

/** Least time between two questions to a sandbox for its kernels, ms; less where readers are warned only shortly before. */
const KERNELS_EVERY_MS = 30_000;
const MAX_BODY_BYTES = 256;
const RETRY_S = 60;

const stayBody = z.object({ ago_ms: z.number().min(0).default(0) });

const METHODS: Readonly<Record<string, string>> = {
  events: 'GET',
  state: 'GET',
  stay: 'POST',
  end: 'POST',
  times: 'POST',
};

const BEACON_FAULTS = {
  unasked: 'this sandbox is not asked for its times, or has said them',
  implausible: 'a page could not have taken that long, or was opened by a later click',
  malformed: 'the body is not {"page_ms": …, "age_ms": …}',
} as const;

export class Companion {
  readonly #options: CompanionOptions;
  readonly #streams = new Streams();
  /** When each sandbox was last asked for its kernels, ms of the monotonic clock. */
  readonly #lookedAt = new Map<string, number>();
  #stays = 0;

  constructor(options: CompanionOptions) {
    this.#options = options;
  }

  get openStreams(): number {
    return this.#streams.count;
  }

  /** How often readers said that they stay. */
  get stays(): number {
    return this.#stays;
  }

  /** Answers a request that shows the sandbox's key. @param name what follows `.tmpfleet/` */
  readonly handle = (
    request: IncomingMessage,
    response: ServerResponse,
    { id, name }: { readonly id: string; readonly name: string },
  ): boolean => {
    const sandbox = this.#options.table.get(id);
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (method === undefined || sandbox === undefined) {
      refuse(request, response, 'no-such-path', 'the companion has nothing at this path');
    } else if (method !== request.method) {
      response.setHeader('allow', method);
      refuse(request, response, 'method-not-allowed', `only ${method} is answered here`);
    } else if (method === 'GET') {
      if (name === 'events') this.#open(request, response, sandbox);
      else answerJson(response, 200, this.#describe(request, sandbox));
    } else if (this.#isForged(request)) {
      refuse(
        request,
        response,
        'forbidden',
        'only a page of this sandbox may send this, as application/json',
      );
    } else if (name === 'stay') {
      void this.#stay(request, response, sandbox);
    } else if (name === 'times') {
      void this.#takeTimes(request, response, sandbox);
    } else {
      request.resume();
      this.#options.end(id, 'left');
      answerJson(response, 202, {});
    }
    return true;
  };

  /** To be called each second: tells open tabs what has changed. */
  tick(): void {
    const { clock, config, table, lookAtKernels } = this.#options;
    const now = clock.monotonic();
    for (const [id, { told }] of this.#streams.told) {
      const sandbox = table.get(id);
      if (sandbox === undefined) continue;
      const present = this.#moments(sandbox);
      if (isNews(told, present, config.idleMs, now))
        this.#streams.tell(id, present, describeMoments(present, config.idleMs, now));
      if (!config.keepBusy || !isIdleNear(present, config.idleMs, now)) continue;
      const every = Math.min(KERNELS_EVERY_MS, warningOf(config.idleMs) / 4);
      if (now - (this.#lookedAt.get(id) ?? Number.NEGATIVE_INFINITY) < every) continue;
      this.#lookedAt.set(id, now);
      // Who waits for a long computation is not warned: the sandbox would not be ended either.
      void lookAtKernels(sandbox);
    }
    this.#streams.beat(now);
  }

  /** A sandbox is being removed. */
  ended({ id, endReason = 'orphaned' }: Pick<Sandbox, 'id' | 'endReason'>): void {
    this.#lookedAt.delete(id);
    const ended: EndedJson = { reason: endReason };
    this.#streams.end(id, ended);
  }

  /** The node stops; sandboxes go on. */
  close(): void {
    this.#streams.close();
  }

  #open(request: IncomingMessage, response: ServerResponse, sandbox: Sandbox): void {
    if (!this.#streams.hasRoom(sandbox.id)) {
      response.setHeader('retry-after', String(RETRY_S));
      answerError(response, 'too-many-connections', `a sandbox has at most ${MAX_STREAMS} event streams`);
      return;
    }
    this.#streams.open(sandbox.id, response, this.#moments(sandbox), this.#describe(request, sandbox));
  }

  /** The reader is there: they press a key, or pressed one a while ago. */
  async #stay(request: IncomingMessage, response: ServerResponse, sandbox: Sandbox): Promise<void> {
    const { time, use } = this.#options;
    try {
      askForBody(request, response);
      const text = await readText(request, { bytes: MAX_BODY_BYTES, what: 'the body' });
      const { ago_ms: ago } = parseJson(text, stayBody, 'the body');
      const at = time.now() - ago;
      if (at > (sandbox.lastUse ?? 0)) use(sandbox.id, at);
      this.#stays += 1;
    } catch {
      refuse(request, response, 'bad-request', 'the body is not {"ago_ms": …}');
      return;
    }
    answerJson(response, 200, this.#describe(request, sandbox));
  }

  /** A beacon: its sender reads no answer. What is not asked for is not read either. */
  async #takeTimes(request: IncomingMessage, response: ServerResponse, { id }: Sandbox): Promise<void> {
    const { clickTimes } = this.#options;
    const times = clickTimes.isAsked(id)
      ? await readText(request, { bytes: MAX_BODY_BYTES, what: 'the body' })
          .then((text) => parseJson(text, clickTimesBody, 'the body'))
          .catch(() => undefined)
      : undefined;
    const outcome = clickTimes.take(id, times);
    if (outcome === 'taken') response.writeHead(204).end();
    else refuse(request, response, 'bad-request', BEACON_FAULTS[outcome]);
  }

  /** A form of any page could send anything but JSON. Where the address is the key, the cookie's check was not made. */
  #isForged({ headers }: IncomingMessage): boolean {
    if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) return true;
    return this.#options.config.openUrls && isForeignPost(headers, '');
  }

  #describe(request: IncomingMessage, sandbox: Sandbox): OpeningJson {
    const { config, clock, homeOf, clickTimes } = this.#options;
    const state = describeMoments(this.#moments(sandbox), config.idleMs, clock.monotonic());
    return { ...state, home: homeOf(request), asks_times: clickTimes.isAsked(sandbox.id) };
  }

  #moments(sandbox: Sandbox): Moments {
    const { config, clock, time, drainDeadline } = this.#options;
    return momentsOf(sandbox, { config, clock, time, drainDeadline: drainDeadline() });
  }
}

/** A body that is not read ends its connection. */
function refuse(request: IncomingMessage, response: ServerResponse, code: ErrorCode, message: string): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') response.setHeader('connection', 'close');
  answerError(response, code, message);
}
