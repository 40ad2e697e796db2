// One ticket, one sandbox. A front that repeats a spawn, because the answer was late or lost, gets the same sandbox. A page's
// ticket is in the reader's address bar, so who shows it again gets neither that sandbox nor another one here.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { BoundedMap } from '../../shared/collections/bounded-map.ts';
import type { Logger } from '../../shared/logging.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Ticket } from '../../shared/protocol/ticket.ts';
import type { Objective } from '../../shared/reader-times/objective.ts';
import { noteStep, spanOf } from '../../shared/reader-times/server-timing.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import { type ClaimTicket, loggable, type Sandbox } from '../sandboxes/table.ts';
import type { ClientLimits, Entry } from './client-limits.ts';
import { Deliveries } from './delivery.ts';
import { notebookAsked, type TargetRules } from './target.ts';

/** Most tickets to remember. A ticket lives for half a minute; at the rate of any node, older ones have expired. */
const REMEMBERED_TICKETS = 10_000;

export interface TicketClaimsOptions {
  readonly config: Pick<NodeAgentConfig, 'claimWaitMs' | keyof TargetRules>;
  readonly limits: ClientLimits;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with the seconds from the request to the claim on disk, for each sandbox that was claimed. */
  readonly observe: (seconds: number) => void;
  /** Counts readers of pages. */
  readonly objective: Objective;
}

/** What a ticket was used for. */
interface Use {
  readonly kind: ClaimTicket['kind'];
  /** Undefined when it gave no sandbox. */
  readonly claim: Promise<Claimed | undefined>;
  /** What `claim` gave; `pending` before that. */
  result: Claimed | undefined | 'pending';
}

interface ClaimBasis {
  readonly kind: ClaimTicket['kind'];
  readonly ticket?: ClaimTicket;
  readonly isCharged?: boolean;
  readonly isCanary?: boolean;
}

/** The key is the claim's: after a release, the same sandbox may be another reader's. */
interface Claimed {
  readonly sandbox: Sandbox;
  readonly key: string | undefined;
}

export class TicketClaims {
  readonly #options: TicketClaimsOptions;
  readonly #deliveries: Deliveries;
  /** By the ticket's nonce. */
  readonly #uses = new BoundedMap<string, Use>(REMEMBERED_TICKETS);

  constructor(options: TicketClaimsOptions) {
    this.#options = options;
    this.#deliveries = new Deliveries((sandbox) => this.giveBack(sandbox));
  }

  /** A claimed sandbox that its reader has not used and cannot reach is warm again. */
  giveBack(sandbox: Sandbox): void {
    if (sandbox.state !== 'claimed') return;
    this.#options.limits.forget(sandbox.id);
    this.#options.pool.release(sandbox);
  }

  /** To be called after adoption: tickets of an earlier run that gave one of these sandboxes are used. */
  restore(sandboxes: readonly Sandbox[]): void {
    for (const sandbox of sandboxes) {
      const { ticket, key } = sandbox;
      if (ticket === undefined) continue;
      const claimed = { sandbox, key };
      this.#uses.set(ticket.nonce, {
        kind: ticket.kind,
        claim: Promise.resolve(claimed),
        result: claimed,
      });
    }
  }

  /**
   * Without a ticket; undefined when there is no room.
   * @param isCharged whether the reader was counted as an arrival before
   */
  withoutTicket(
    response: ServerResponse,
    kind: ClaimTicket['kind'],
    { isCharged = false } = {},
  ): Promise<Sandbox | undefined> {
    return this.#claim(response, { kind, isCharged });
  }

  /** For a page: `spent` when the ticket gave a sandbox, or is about to; undefined when there is no room. */
  async forPage(response: ServerResponse, ticket: Ticket): Promise<Sandbox | 'spent' | undefined> {
    if (isSpent(this.#uses.get(ticket.nonce))) return 'spent';
    return this.#use({ nonce: ticket.nonce, kind: 'page' }, {}, response);
  }

  /** For a front that tries the way of a reader: a warm sandbox that is to spare, once for each ticket. */
  async forCanary(response: ServerResponse, { nonce }: Ticket): Promise<Sandbox | 'spent' | undefined> {
    if (isSpent(this.#uses.get(nonce))) return 'spent';
    return this.#use({ nonce, kind: 'page' }, { isCanary: true }, response);
  }

  /** For a program: a ticket of an earlier spawn gives the same sandbox, a page's ticket is `spent`. */
  async forSpawn(response: ServerResponse, ticket: Ticket): Promise<Sandbox | 'spent' | undefined> {
    const before = this.#uses.get(ticket.nonce);
    if (before?.kind === 'page' && isSpent(before)) return 'spent';
    return this.#use({ nonce: ticket.nonce, kind: 'spawn' }, { before }, response);
  }

  /** @param before the ticket's earlier spawn: while its sandbox is in use, that is the answer */
  async #use(
    ticket: ClaimTicket,
    { before, isCanary = false }: { readonly before?: Use | undefined; readonly isCanary?: boolean },
    response: ServerResponse,
  ): Promise<Sandbox | undefined> {
    const claim = this.#claimUnless(before, { kind: ticket.kind, ticket, isCanary }, response);
    const use: Use = { kind: ticket.kind, claim, result: 'pending' };
    this.#uses.set(ticket.nonce, use);
    try {
      use.result = await claim;
    } catch (error) {
      use.result = undefined;
      throw error;
    }
    return use.result?.sandbox;
  }

  async #claimUnless(
    before: Use | undefined,
    basis: ClaimBasis,
    response: ServerResponse,
  ): Promise<Claimed | undefined> {
    const earlier = await before?.claim.catch(() => undefined);
    if (isInUse(earlier)) {
      this.#deliveries.named(earlier.sandbox, response);
      return earlier;
    }
    const sandbox = await this.#claim(response, basis);
    return sandbox === undefined ? undefined : { sandbox, key: sandbox.key };
  }

  /**
   * A sandbox whose claim is on disk; undefined when none can be had, or when the reader left while waiting for a start: a
   * reader who has gone must not cost a sandbox.
   * @throws FleetError `too-many-requests`, `too-many-sandboxes`
   */
  async #claim(
    response: ServerResponse,
    { kind, ticket, isCharged, isCanary = false }: ClaimBasis,
  ): Promise<Sandbox | undefined> {
    const { config, limits, pool, clock, logger, observe, objective } = this.#options;
    const place = isCanary ? NO_PLACE : limits.enter(response.req, isCharged);
    let sandbox: Sandbox | undefined;
    const began = clock.monotonic();
    const hadRoom = kind === 'page' && !isCanary && pool.hasRoom;
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    response.once('close', leave);
    try {
      const by = kind === 'page' ? 'reader' : 'program';
      const notebook = kind === 'page' ? notebookAsked(response.req.url, config) : undefined;
      const about = { ticket, by, notebook } as const;
      const onStart = (ms: number): void => noteStep(response, 'start', ms);
      sandbox = await pool.claim({
        waitMs: config.claimWaitMs,
        signal: gone.signal,
        onStart,
        isCanary,
        span: spanOf(response),
        ...about,
      });
      if (sandbox === undefined) {
        const isPatient = !gone.signal.aborted || objective.isLate(clock.monotonic() - began);
        if (hadRoom && isPatient) objective.count(undefined);
        return undefined;
      }
      place.bind(sandbox.id);
      this.#deliveries.claimed(sandbox, response);
      if (isCanary) logger.debug(loggable(sandbox), 'sandbox claimed by a canary');
      else logger.info(loggable(sandbox), 'sandbox claimed');
      const took = clock.monotonic() - began;
      noteStep(response, 'claim', took);
      if (!isCanary) observe(took / 1000);
      if (hadRoom) objective.count(took);
      return sandbox;
    } finally {
      if (sandbox === undefined) place.cancel();
      response.off('close', leave);
    }
  }
}

/** A canary is no client: fronts have few addresses, and many nodes. */
const NO_PLACE: Entry = { bind: () => undefined, cancel: () => undefined };

function isSpent(use: Use | undefined): boolean {
  return use !== undefined && (use.result === 'pending' || isInUse(use.result));
}

function isInUse(claimed: Claimed | undefined): claimed is Claimed {
  return claimed !== undefined && claimed.sandbox.key === claimed.key && isHeld(claimed.sandbox.state);
}
