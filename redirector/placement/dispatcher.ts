// Sends a reader somewhere: chooses, counts them as on their way, signs their ticket.
import type { RefusalReason } from '../../shared/api/refusal.ts';
import type { Clock, Random } from '../../shared/clock.ts';
import { ExpiringSet } from '../../shared/collections/expiring-set.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { takesReaders } from '../../shared/protocol/node-state.ts';
import {
  MAX_HOPS,
  nodeOfTicket,
  redirectorKey,
  type Ticket,
  verifyTicket,
} from '../../shared/protocol/ticket.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { isReachable, type NodeView, nodeName } from '../nodes/node-view.ts';
import { ClientCounts } from './client-counts.ts';
import { LastReports, type ReportChoice } from './last-reports.ts';
import { TicketIssuer } from './ticket-issuer.ts';
import { Weights } from './weights.ts';

export interface DispatcherOptions {
  readonly fleet: Fleet;
  readonly keys: FleetKeys;
  readonly redirector: string;
  readonly boot: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Most readers of one client that count as on their way at a time; 0 or undefined: any number. */
  readonly maxPendingPerClient?: number;
  /** Whether no limit applies to a client. */
  readonly isExempt?: (client: string) => boolean;
}

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
  /** As `createClientAddress` names it; undefined where no client is to be bounded. */
  readonly client?: string | undefined;
}

/** No node has been tried. */
const NONE: readonly string[] = [];

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #weights: Weights;
  /** Bounces that have marked a node full, and presses of returning readers: shown again, they must not count again. */
  readonly #processedBounces = new ExpiringSet();
  readonly #clients: ClientCounts;
  readonly #lastReports = new LastReports();
  readonly #tickets: TicketIssuer;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#tickets = new TicketIssuer(options);
    this.#clients = new ClientCounts(options.maxPendingPerClient ?? 0);
    const ourKey = options.keys.exist ? redirectorKey(options) : undefined;
    this.#weights = new Weights({ ourKey, pollIntervalMs: options.fleet.pollIntervalMs });
    if (ourKey !== undefined) options.fleet.keepOnlySeen(ourKey);
    options.fleet.watch(this.#weights);
  }

  /**
   * The ticket of a reader whom a node sent here, if it is genuine. The first time one of a bounce is shown, it also marks its
   * node as full; a returning reader found no sandbox of theirs there, which says nothing about the others.
   */
  readBack(text: string | undefined): Ticket | undefined {
    if (text === undefined) return undefined;
    const { fleet, keys, clock } = this.#options;
    // Keys are derived for nodes of the fleet only, not for any name that somebody puts into a ticket.
    const view = fleet.named(nodeOfTicket(text) ?? '');
    if (view === undefined) return undefined;
    const ticket = verifyTicket(text, keys.tickets(nodeName(view)), clock.now());
    if (ticket === undefined || !this.#isBounce(ticket)) return undefined;
    const { nonce, hops, expires, returning } = ticket;
    if (returning === true) {
      // Shown to other browsers, in frames without a click, the same press must not spend more sandboxes.
      const isFirst = this.#processedBounces.add(`${nonce}/returning`, expires, clock.now());
      return isFirst ? ticket : { ...ticket, pressed: false };
    }
    // A reader in line can be bounced several times under the nonce of their place.
    if (this.#processedBounces.add(`${nonce}/${hops}/${expires}`, expires, clock.now())) fleet.markFull(view);
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

  /** @param back the ticket of a reader that a node sent back */
  startJourney(
    back?: Ticket,
    { pressed = false, client }: Pick<Journey, 'pressed' | 'client'> = {},
  ): Journey {
    if (back === undefined) return { tried: NONE, hops: 0, nonce: undefined, pressed, client };
    const { tried, hops, nonce } = back;
    return { tried, hops, nonce, pressed: pressed || back.pressed === true, client };
  }

  /** Chooses a node for one more reader. */
  choose(tried: readonly string[] = NONE, now = this.#options.clock.now()): NodeView | undefined {
    return this.#weights.choose(this.#options.random, this.#viewsOf(tried), now);
  }

  /** Chooses a node for a visitor who takes no sandbox: for them a node is full only if it says so. */
  chooseForVisitor(tried?: readonly string[]): NodeView | undefined {
    const now = this.#options.clock.now();
    return this.choose(tried, now) ?? this.#chooseByReport({ tried: tried ?? NONE, since: 0, now });
  }

  /** Chooses a node and counts the reader as on their way to it. */
  send(journey: Journey): Sent | RefusalReason {
    if (journey.hops >= MAX_HOPS) return 'too-many-hops';
    const now = this.#options.clock.now();
    const view = this.choose(journey.tried, now);
    return view === undefined ? this.refusalReason() : this.#sendTo(view, journey, now);
  }

  /**
   * Sends a reader who would otherwise be refused to a node whose report, requested after `since`, shows a warm sandbox,
   * though all of them may be on the way to others.
   * @param since ms since 1970
   */
  sendByReport(journey: Journey, since: number): Sent | RefusalReason {
    if (journey.hops >= MAX_HOPS) return 'too-many-hops';
    const now = this.#options.clock.now();
    const view = this.#chooseByReport({ tried: journey.tried, since, now });
    if (view === undefined) return this.refusalReason();
    this.#lastReports.use(view);
    return this.#sendTo(view, journey, now);
  }

  /** Whether a node's last report shows a warm sandbox, even if a reader may be on the way to it. */
  reportsWarm(): boolean {
    const { fleet, clock } = this.#options;
    return this.#lastReports.showWarm(fleet.views(), clock.now());
  }

  /**
   * Sends a reader, or a visitor who may be one, back to the node where they have a sandbox, if that node answers. They are
   * not on their way to any other sandbox there, so they are not counted.
   * @param node as it names itself in its report
   */
  sendBack(node: string, pressed: boolean): Sent | undefined {
    const { fleet, clock } = this.#options;
    const view = fleet.named(node);
    const now = clock.now();
    if (view === undefined || !isReachable(view, now) || !this.#tickets.serves(view)) return undefined;
    fleet.countRedirect(view, now, undefined);
    return { view, ticket: this.#tickets.issueReturn(view, pressed, now) };
  }

  /** The ticket for a visit of the front's own, which is on its way to nothing and counted nowhere; undefined without tickets. */
  ticketForCanary(view: NodeView): string | undefined {
    if (!this.#tickets.serves(view)) return undefined;
    return this.#tickets.issueCanary(view, this.#options.clock.now());
  }

  #chooseByReport({ tried, ...of }: Pick<ReportChoice, 'since' | 'now'> & Pick<Journey, 'tried'>) {
    const { fleet, random } = this.#options;
    return this.#lastReports.choose(fleet.views(), { random, tried: this.#viewsOf(tried), ...of });
  }

  #viewsOf(names: readonly string[]): readonly NodeView[] {
    const views: NodeView[] = [];
    for (const name of names) {
      const view = this.#options.fleet.named(name);
      if (view !== undefined) views.push(view);
    }
    return views;
  }

  #sendTo(view: NodeView, journey: Journey, now: number): Sent {
    const isCounted = journey.client === undefined || this.#counts(journey.client, now);
    const ticket = this.#tickets.issue(view, journey, { now, isCounted });
    const countedBy = ticket === undefined ? 'time' : 'ticket';
    this.#options.fleet.countRedirect(view, now, isCounted ? countedBy : undefined);
    if (isCounted) this.#weights.sent(view, now);
    return { view, ticket };
  }

  /** Looked up last: a lookup among ranges costs more than a count. */
  #counts(client: string, now: number): boolean {
    return this.#clients.add(client, now) || this.#options.isExempt?.(client) === true;
  }

  refusalReason(): RefusalReason {
    const { fleet, clock } = this.#options;
    if (fleet.size === 0) return 'no-nodes';
    const now = clock.now();
    let reason: RefusalReason = 'none-answers';
    for (const view of fleet.views()) {
      if (!isReachable(view, now)) continue;
      const report = view.stats?.fleet;
      // Where nothing starts and nothing is in use, it is untrue that every sandbox is taken.
      const hasNone = report?.problem !== undefined && report.held + report.warm === 0;
      if (report === undefined || (takesReaders(report.state) && !hasNone)) return 'full';
      reason = 'closed';
    }
    return reason;
  }
}
