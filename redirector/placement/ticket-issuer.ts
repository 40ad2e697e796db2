// Signs the tickets of readers who are sent to a node: those of new readers several at a time, the others one by one.
import { newNonce } from '../../shared/clock.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { signTicket, TicketSheet } from '../../shared/protocol/ticket.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { type NodeView, nodeName } from '../nodes/node-view.ts';
import { EPOCH_MS, epochAt } from '../nodes/pending.ts';

const TICKET_LIFE_MS = 30_000;

/** MACs of the largest sheet: 64 tickets, signed in about 50 µs. */
const MAX_SHEET_SIZE = 16;

/** The epoch in tickets of readers who are not counted as on their way: an arrival in it is no other reader's. */
const UNCOUNTED_EPOCH = 0;

export interface TicketIssuerOptions {
  readonly fleet: Pick<Fleet, 'keepTickets'>;
  readonly keys: FleetKeys;
  readonly redirector: string;
  readonly boot: string;
}

/** What a ticket says of its reader; see `Journey`. */
export interface TicketedReader {
  readonly tried: readonly string[];
  readonly hops: number;
  readonly nonce: string | undefined;
  readonly pressed?: boolean;
}

export class TicketIssuer {
  readonly #options: TicketIssuerOptions;

  constructor(options: TicketIssuerOptions) {
    this.#options = options;
  }

  /** Whether the node's readers get tickets: not in a fleet without a secret, and not at a plain tmpnb node. */
  serves(view: NodeView): boolean {
    return this.#options.keys.exist && view.stats?.fleet !== undefined;
  }

  /** Undefined where the node's readers get none. @param now ms since 1970 */
  issue(
    view: NodeView,
    { tried, hops, nonce, pressed = false }: TicketedReader,
    { now, isCounted }: { readonly now: number; readonly isCounted: boolean },
  ): string | undefined {
    if (!this.serves(view)) return undefined;
    const { fleet, keys, redirector, boot } = this.#options;
    const epoch = epochAt(now);
    // The same for a whole epoch, because the tickets of a sheet are alike.
    const expires = (epoch + 1) * EPOCH_MS + TICKET_LIFE_MS;
    // Only tickets that differ in nothing but their nonces can be on one sheet.
    const isAlike = nonce === undefined && hops === 0 && tried.length === 0;
    const kind = (isCounted ? 0 : 1) + (pressed ? 2 : 0);
    const sheet = isAlike ? view.sheets[kind] : undefined;
    const isCurrent = sheet?.expires === expires;
    const signed = isCurrent ? sheet.next() : undefined;
    if (signed !== undefined) return signed;
    const node = nodeName(view);
    const own = { redirector, boot, node, expires, epoch: isCounted ? epoch : UNCOUNTED_EPOCH };
    const ticket = { ...own, pressed, tried, hops };
    if (!isAlike) {
      const name = nonce ?? newNonce();
      const seal = hops === 0 ? undefined : keys.seal(name, tried);
      return signTicket({ ...ticket, nonce: name, seal }, keys.tickets(node));
    }
    // Twice the size for a node that used a sheet up within the second, so at most half of the MACs are for no reader.
    const size = isCurrent ? Math.min(sheet.size * 2, MAX_SHEET_SIZE) : 1;
    const more = new TicketSheet(ticket, keys.tickets(node), size);
    fleet.keepTickets(view, kind, more);
    return more.next();
  }

  /** For the front's own visit. To be asked where it `serves`. */
  issueCanary(view: NodeView, now: number): string {
    const { keys, redirector, boot } = this.#options;
    const node = nodeName(view);
    const own = { redirector, boot, node, epoch: UNCOUNTED_EPOCH, nonce: newNonce(), canary: true };
    return signTicket({ ...own, expires: now + TICKET_LIFE_MS, tried: [], hops: 0 }, keys.tickets(node));
  }

  /** For a reader who may have a sandbox at the node already; it claims no other for them. To be asked where it `serves`. */
  issueReturn(view: NodeView, pressed: boolean, now: number): string {
    const { keys, redirector, boot } = this.#options;
    const node = nodeName(view);
    const own = { redirector, boot, node, epoch: UNCOUNTED_EPOCH, nonce: newNonce(), pressed };
    const ticket = { ...own, expires: now + TICKET_LIFE_MS, returning: true, tried: [], hops: 0 };
    return signTicket(ticket, keys.tickets(node));
  }
}
