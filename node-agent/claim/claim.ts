// Handles a reader's click on this node: ticket, the reader's own sandbox, a warm one, or a bounce to the front.
import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { type Clock, shortId } from '../../shared/clock.ts';
import { FleetError } from '../../shared/errors.ts';
import { answerPage } from '../../shared/http/answer.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { isClick, recognizeVisitor } from '../../shared/http/visitor.ts';
import type { Logger } from '../../shared/logging.ts';
import { launchPage } from '../../shared/pages/launch-page.ts';
import { splitTicket, type Ticket } from '../../shared/protocol/ticket.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { bounceLocation, frontLocation } from './bounce.ts';
import { fullPage } from './full-page.ts';
import { findOwned, formatOwnerCookie } from './owner-cookie.ts';
import { findTarget, locate, type Target } from './target.ts';
import type { TicketCounter } from './ticket-counter.ts';

export interface ClaimOptions {
  readonly config: NodeAgentConfig;
  readonly secrets: readonly string[];
  readonly pool: Pool;
  readonly tickets: TicketCounter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly count: (outcome: ClaimOutcome) => void;
  /** Called with the seconds from the request to the claim on disk, for each sandbox that was claimed. */
  readonly observe: (seconds: number) => void;
}

export type ClaimOutcome = 'claimed' | 'returned' | 'launch-page' | 'bounced' | 'full' | 'no-ticket';

interface Visit {
  readonly context: Context;
  readonly target: Target;
  /** As requested, without the ticket. */
  readonly path: string;
  readonly query: string;
  readonly ticket: Ticket | undefined;
}

export class ClaimHandler {
  readonly #options: ClaimOptions;

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  /** Answers when the address is one that gives a reader a sandbox; otherwise returns false. */
  async handle(context: Context): Promise<boolean> {
    const { path, query: rawQuery } = splitRequestTarget(context.req.url ?? '/');
    const { query, ticket } = splitTicket(rawQuery);
    const target = findTarget(path, query, this.#options.config);
    if (target === undefined) return false;
    await this.#serve({ context, target, path, query, ticket: this.#options.tickets.count(ticket) });
    return true;
  }

  async #serve(visit: Visit): Promise<void> {
    const { config, pool, count } = this.#options;
    const { context } = visit;
    context.set('Cache-Control', 'no-store');
    const own = findOwned(context.get('cookie'), config.nodeId, (id) => pool.table.get(id));
    // A claimed sandbox that was never used and does not answer is replaced.
    if (own !== undefined && context.method !== 'HEAD' && (await pool.confirm(own))) {
      count('returned');
      return this.#sendTo(own, visit);
    }
    const visitor = recognizeVisitor(context.req, config.allowOrigin);
    if (!isClick(visitor, visit.ticket?.pressed ?? false)) {
      count('launch-page');
      const page = launchPage({ title: config.title, action: launchAction(visit), visitor });
      return answerPage(context.res, 200, page);
    }
    if (config.requireTicket && visit.ticket === undefined) {
      count('no-ticket');
      if (config.frontUrl !== '') return redirect(context, frontLocation(config.frontUrl, visit));
      throw new FleetError('forbidden', 'this host serves only readers who come through its front page');
    }
    const sandbox = await claimSandbox(context.res, this.#options);
    if (sandbox === undefined) return this.#turnAway(visit);
    count('claimed');
    this.#sendTo(sandbox, visit);
  }

  #sendTo(sandbox: Sandbox, { context, target }: Visit): void {
    const { config } = this.#options;
    const secure = config.trustProxy && context.get('x-forwarded-proto').split(',')[0]?.trim() === 'https';
    context.append('Set-Cookie', formatOwnerCookie(config.nodeId, sandbox, secure));
    redirect(context, locate(sandbox.id, target));
  }

  /** Bounces to the front; where that is impossible, answers with a page that says that all notebooks are taken. */
  #turnAway(visit: Visit): void {
    const { config, secrets, clock, count } = this.#options;
    const location = bounceLocation(visit, { ...config, secrets, now: clock.now() });
    if (location === undefined) {
      count('full');
      visit.context.set('Retry-After', '5');
      answerPage(visit.context.res, 503, fullPage());
      return;
    }
    count('bounced');
    redirect(visit.context, location);
  }
}

/**
 * A sandbox whose claim is on disk; undefined when none can be had, or when the reader left while waiting for a start: a
 * reader who has gone must not cost a sandbox.
 */
export async function claimSandbox(
  response: ServerResponse,
  { config, pool, clock, logger, observe }: ClaimOptions,
): Promise<Sandbox | undefined> {
  const began = clock.monotonic();
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  try {
    const sandbox = await pool.claim({ waitMs: config.claimWaitMs, signal: gone.signal });
    if (sandbox === undefined) return undefined;
    logger.info({ sandbox: shortId(sandbox.id) }, 'sandbox claimed');
    observe((clock.monotonic() - began) / 1000);
    return sandbox;
  } finally {
    response.off('close', leave);
  }
}

/** The launch page posts to the requested address, with its ticket, so that nothing is lost on the way. */
function launchAction({ path, context }: Visit): string {
  const { query } = splitRequestTarget(context.req.url ?? '/');
  return `${path}${query === '' ? '' : `?${query}`}`;
}

/** 303 after a POST, so that the browser goes on with GET. Set by hand: Koa would re-encode the reader's own bytes. */
function redirect(context: Context, location: string): void {
  context.status = context.method === 'POST' ? 303 : 302;
  context.res.setHeader('Location', location);
  context.body = '';
}
