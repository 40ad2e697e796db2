// The way of a click on this node: ticket, the reader's own sandbox, a warm one, or back to the front.
import type { Context } from 'koa';
import type { Clock } from '../../shared/clock.ts';
import { newNonce, shortId } from '../../shared/clock.ts';
import { BoundedMap } from '../../shared/collections/bounded-map.ts';
import { FleetError } from '../../shared/errors.ts';
import { answerPage } from '../../shared/http/answer.ts';
import type { Logger } from '../../shared/logging.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import { signTicket, splitTicket, type Ticket, ticketBehind } from '../../shared/protocol/ticket.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { fullPage } from './full-page.ts';
import { launchPage } from './launch-page.ts';
import { findOwned, formatOwnerCookie } from './owner-cookie.ts';
import { findTarget, locate, splitTarget, type Target } from './target.ts';
import type { TicketCounter } from './ticket-counter.ts';
import { recognize } from './visitor.ts';

export interface ClaimOptions {
  readonly config: NodeAgentConfig;
  readonly secrets: readonly string[];
  readonly pool: Pool;
  readonly tickets: TicketCounter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly count: (outcome: ClaimOutcome) => void;
  /** From asking for a sandbox to the claim on disk, of those who got one. */
  readonly observe: (seconds: number) => void;
}

export type ClaimOutcome = 'claimed' | 'returned' | 'launch-page' | 'bounced' | 'full' | 'no-ticket';

/** A reader who was sent on so often gets an honest answer instead. */
export const MAX_HOPS = 3;

const BOUNCE_LIFE_MS = 30_000;

/** A ticket lives for half a minute; at any rate a node can bear, older ones than these are long dead. */
const REMEMBERED_SPAWNS = 10_000;

interface Visit {
  readonly context: Context;
  readonly target: Target;
  /** As asked for, without our ticket. */
  readonly path: string;
  readonly query: string;
  readonly ticket: Ticket | undefined;
}

export class ClaimHandler {
  readonly #options: ClaimOptions;
  /** By the nonce of the ticket that it was claimed with. */
  readonly #spawned = new BoundedMap<string, Promise<Sandbox | undefined>>(REMEMBERED_SPAWNS);

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  /** Answers when the address is one that gives a reader a sandbox; false when it is not. */
  async handle(context: Context): Promise<boolean> {
    const { path, query: rawQuery } = splitTarget(context.req.url ?? '/');
    const { query, ticket } = splitTicket(rawQuery);
    const target = findTarget(path, query, this.#options.config);
    if (target === undefined) return false;
    const arrived = this.#options.tickets.count(ticket);
    await this.#serve({ context, target, path, query, ticket: arrived });
    return true;
  }

  /**
   * `POST /api/spawn`: a sandbox for a program.
   * @throws FleetError `full`
   */
  async spawn(context: Context): Promise<{ readonly url: string }> {
    const { query } = splitTarget(context.req.url ?? '/');
    const ticket = this.#options.tickets.count(splitTicket(query).ticket);
    const sandbox = await this.#claimOnce(context, ticket?.nonce);
    if (sandbox === undefined) {
      this.#options.count('full');
      throw new FleetError('full', 'every sandbox of this node is taken');
    }
    this.#options.count('claimed');
    return { url: `/user/${sandbox.id}/` };
  }

  async #serve(visit: Visit): Promise<void> {
    const { config, pool, count } = this.#options;
    const { context } = visit;
    context.set('Cache-Control', 'no-store');
    const own = findOwned(context.get('cookie'), config.nodeId, (id) => pool.table.get(id));
    if (own !== undefined && context.method !== 'HEAD') {
      count('returned');
      return this.#sendTo(own, visit);
    }
    if (recognize(context.method, context.req.headers) !== 'person') {
      count('launch-page');
      return answerPage(context.res, 200, launchPage(config.title, launchAction(visit, context)));
    }
    if (config.requireTicket && visit.ticket === undefined) {
      count('no-ticket');
      if (config.frontUrl !== '')
        return redirect(context, `${config.frontUrl}${visit.path}${question(visit.query)}`);
      throw new FleetError('forbidden', 'this host serves only readers who come through its front page');
    }
    const sandbox = await this.#claim(context);
    if (sandbox === undefined) return this.#turnAway(visit);
    count('claimed');
    this.#sendTo(sandbox, visit);
  }

  /** A front that asks again with the same ticket, because an answer was late or lost, gets the same sandbox. */
  #claimOnce(context: Context, nonce: string | undefined): Promise<Sandbox | undefined> {
    if (nonce === undefined) return this.#claim(context);
    const before = this.#spawned.get(nonce);
    const claim = this.#claimUnless(before, context);
    this.#spawned.set(nonce, claim);
    return claim;
  }

  async #claimUnless(
    before: Promise<Sandbox | undefined> | undefined,
    context: Context,
  ): Promise<Sandbox | undefined> {
    const sandbox = await before;
    return sandbox !== undefined && isHeld(sandbox.state) ? sandbox : this.#claim(context);
  }

  /** A reader who goes away while a start is awaited must not cost a sandbox. */
  async #claim(context: Context): Promise<Sandbox | undefined> {
    const { clock, observe } = this.#options;
    const began = clock.monotonic();
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    context.res.once('close', leave);
    try {
      const sandbox = await this.#options.pool.claimSoon(this.#options.config.claimWait, gone.signal);
      // On disk before the reader is told: whoever has an address keeps the sandbox, whatever happens to us.
      if (sandbox === undefined || !(await this.#options.pool.keepClaim(sandbox))) return undefined;
      if (gone.signal.aborted) {
        // Nobody was told of it and nobody will be: its slot is worth more than its lease.
        this.#options.pool.end(sandbox.id, 'unclaimed');
        return undefined;
      }
      this.#options.logger.info({ sandbox: shortId(sandbox.id) }, 'sandbox claimed');
      observe((clock.monotonic() - began) / 1000);
      return sandbox;
    } finally {
      context.res.off('close', leave);
    }
  }

  #sendTo(sandbox: Sandbox, { context, target }: Visit): void {
    const { config } = this.#options;
    const secure = config.trustProxy && context.get('x-forwarded-proto').split(',')[0]?.trim() === 'https';
    context.append('Set-Cookie', formatOwnerCookie(config.nodeId, sandbox, secure));
    redirect(context, locate(sandbox.id, target));
  }

  /** Back to the front with ourselves noted as tried; where that is no use, an honest 503. */
  #turnAway(visit: Visit): void {
    const { config, secrets, count } = this.#options;
    const hops = visit.ticket?.hops ?? 0;
    if (config.frontUrl === '' || secrets.length === 0 || hops >= MAX_HOPS) {
      count('full');
      visit.context.set('Retry-After', '5');
      answerPage(visit.context.res, 503, fullPage());
      return;
    }
    count('bounced');
    const { path, query, ticket, context } = visit;
    const bounce = ticketBehind(query, signTicket(this.#bounceTicket(ticket), secrets));
    redirect(context, `${config.frontUrl}${path}${question(query)}${bounce}`);
  }

  #bounceTicket(ticket: Ticket | undefined): Ticket {
    const { config, clock } = this.#options;
    const now = clock.now();
    return {
      redirector: ticket?.redirector ?? 'none',
      boot: ticket?.boot ?? 'none',
      node: config.nodeId,
      epoch: ticket?.epoch ?? Math.floor(now / 1000),
      nonce: ticket?.nonce ?? newNonce(),
      expires: now + BOUNCE_LIFE_MS,
      tried: [...(ticket?.tried ?? []), config.nodeId].slice(-8),
      hops: (ticket?.hops ?? 0) + 1,
    };
  }
}

/** The launch page posts to where it was asked for, ticket and all, so that nothing is lost on the way. */
function launchAction(visit: Visit, context: Context): string {
  const { query } = splitTarget(context.req.url ?? '/');
  return `${visit.path}${question(query)}`;
}

function question(query: string): string {
  return query === '' ? '' : `?${query}`;
}

/** 303 after a POST, so that the browser goes on with GET. Set by hand: Koa would re-encode the reader's own bytes. */
function redirect(context: Context, location: string): void {
  context.status = context.method === 'POST' ? 303 : 302;
  context.res.setHeader('Location', location);
  context.body = '';
}
