// Sends a reader somewhere: chooses, counts them as on their way, signs their ticket.
import { type Clock, newNonce, type Random } from '../../shared/clock.ts';
import { ExpiringSet } from '../../shared/collections/expiring-set.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import {
  MAX_HOPS,
  nodeOfTicket,
  redirectorKey,
  signTicket,
  type Ticket,
  TicketSheet,
  verifyTicket,
} from '../../shared/protocol/ticket.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { type NodeView, nodeName } from '../nodes/node-view.ts';
import { EPOCH_MS, epochAt } from '../nodes/pending.ts';
import { Weights } from './weights.ts';

const TICKET_LIFE_MS = 30_000;

/** MACs of the largest sheet: 64 tickets, signed in about 50 µs. */
const MAX_SHEET_SIZE = 16;

export interface DispatcherOptions {
  readonly fleet: Fleet;
  readonly keys: FleetKeys;
  readonly redirector: string;
  readonly boot: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Why a reader can be sent nowhere. */
export type RefusalReason = 'full' | 'none-answers' | 'no-nodes' | 'too-many-hops';

export interface Sent {
  readonly view: NodeView;
  /** Undefined where the fleet has no secret, or the node is a plain tmpnb. */
  readonly ticket: string | undefined;
}

/** What is known of a reader: the nodes that could not serve them. */
export interface Journey {
  readonly tried: readonly string[];
  readonly hops: number;
  /** Undefined where they have no ticket yet. */
  readonly nonce: string | undefined;
  /** The reader has clicked, though the next request may not look like it: their ticket says so. */
  readonly pressed?: boolean;
}

/** A reader who comes for the first time. */
const FRESH: Journey = { tried: [], hops: 0, nonce: undefined };
/** The same, from the launch page's button. */
const PRESSED: Journey = { ...FRESH, pressed: true };

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #weights: Weights;
  /** Bounces that have marked a node full: shown again, the same bounce must not do so again. */
  readonly #processedBounces = new ExpiringSet();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const ourKey = options.keys.exist ? redirectorKey(options) : undefined;
    this.#weights = new Weights({ ourKey, pollIntervalMs: options.fleet.pollIntervalMs });
    if (ourKey !== undefined) options.fleet.keepOnlySeen(ourKey);
    options.fleet.watch(this.#weights);
  }

  /** The ticket of a bounced reader, if it is genuine. The first time it is shown, it also marks its node as full. */
  readBack(text: string | undefined): Ticket | undefined {
    if (text === undefined) return undefined;
    const { fleet, keys, clock } = this.#options;
    // Keys are derived for nodes of the fleet only, not for any name that somebody puts into a ticket.
    const view = fleet.named(nodeOfTicket(text) ?? '');
    if (view === undefined) return undefined;
    const ticket = verifyTicket(text, keys.tickets(nodeName(view)), clock.now());
    if (ticket === undefined || !this.#isBounce(ticket)) return undefined;
    const { nonce, hops, expires } = ticket;
    if (this.#processedBounces.add(`${nonce}/${hops}`, expires, clock.now())) fleet.markFull(view);
    return ticket;
  }

  /**
   * A node that bounces a reader puts itself last in `tried`; a ticket of ours that is shown to us again is no bounce. For
   * the nodes before that a front's seal is needed: no node speaks for another.
   */
  #isBounce({ node, nonce, hops, tried, seal }: Ticket): boolean {
    if (tried.at(-1) !== node || tried.length !== hops) return false;
    return hops === 1 || (seal !== undefined && this.#options.keys.isSealed(seal, nonce, tried.slice(0, -1)));
  }

  /** Whether tickets are in use; where they are not, a reader's own `ticket=` stays in the query. */
  get usesTickets(): boolean {
    return this.#options.keys.exist;
  }

  /** @param pressed whether the reader has clicked, though their request at the node may not look like it */
  startJourney(back?: Ticket, pressed = false): Journey {
    if (back === undefined) return pressed ? PRESSED : FRESH;
    const { tried, hops, nonce } = back;
    return { tried, hops, nonce, pressed: pressed || back.pressed === true };
  }

  /** Chooses a node without sending a reader there. */
  choose(tried: readonly string[] = [], now = this.#options.clock.now()): NodeView | undefined {
    const { fleet, random } = this.#options;
    const triedViews: NodeView[] = [];
    for (const name of tried) {
      const view = fleet.named(name);
      if (view !== undefined) triedViews.push(view);
    }
    return this.#weights.choose(random, triedViews, now);
  }

  /** Chooses a node and counts the reader as on their way to it. */
  send(journey: Journey): Sent | RefusalReason {
    if (journey.hops >= MAX_HOPS) return 'too-many-hops';
    const now = this.#options.clock.now();
    const view = this.choose(journey.tried, now);
    if (view === undefined) return this.refusalReason();
    const ticket = this.#ticketFor(view, journey, now);
    this.#options.fleet.countRedirect(view, now, ticket !== undefined);
    this.#weights.sent(view, now);
    return { view, ticket };
  }

  refusalReason(): RefusalReason {
    const { fleet, clock } = this.#options;
    if (fleet.size === 0) return 'no-nodes';
    const now = clock.now();
    for (const view of fleet.views())
      if (view.reachability === 'reachable' || view.trustedUntil > now) return 'full';
    return 'none-answers';
  }

  #ticketFor(view: NodeView, journey: Journey, now: number): string | undefined {
    const { fleet, keys, redirector, boot } = this.#options;
    if (!keys.exist || view.stats?.fleet === undefined) return undefined;
    const epoch = epochAt(now);
    // The same for a whole epoch, because the tickets of a sheet are alike.
    const expires = (epoch + 1) * EPOCH_MS + TICKET_LIFE_MS;
    const ticket = { redirector, boot, epoch, expires, node: nodeName(view) };
    if (journey !== FRESH) {
      const { tried, hops, nonce = newNonce(), pressed = false } = journey;
      const seal = hops === 0 ? undefined : keys.seal(nonce, tried);
      return signTicket({ ...ticket, tried, hops, nonce, pressed, seal }, keys.tickets(ticket.node));
    }
    const { sheet } = view;
    const isCurrent = sheet?.epoch === epoch;
    const signed = isCurrent ? sheet.next() : undefined;
    if (signed !== undefined) return signed;
    // Twice the size for a node that used a sheet up within the second, so at most half of the MACs are for no reader.
    const size = isCurrent ? Math.min(sheet.size * 2, MAX_SHEET_SIZE) : 1;
    const more = new TicketSheet({ ...ticket, tried: [], hops: 0 }, keys.tickets(ticket.node), size);
    fleet.keepTickets(view, more);
    return more.next();
  }
}
