// The address of a bounce: a node without a sandbox for a reader redirects them to the front, and the ticket lists the node.
import type { KeyObject } from 'node:crypto';
import { newNonce } from '../../shared/clock.ts';
import { MAX_HOPS, signTicket, type Ticket, ticketBehind } from '../../shared/protocol/ticket.ts';

const BOUNCE_LIFE_MS = 30_000;
const MAX_TRIED = 8;

export interface BounceOptions {
  readonly nodeId: string;
  /** The front's public address; empty when there is no front. */
  readonly frontUrl: string;
  /** Of this node's tickets. */
  readonly keys: readonly KeyObject[];
  /** ms since 1970 */
  readonly now: number;
}

export interface BouncedVisit {
  readonly path: string;
  /** Without the ticket. */
  readonly query: string;
  readonly ticket: Ticket | undefined;
}

/** The address at the front; undefined when a bounce is impossible: no front, no node key, or too many hops. */
export function bounceLocation(visit: BouncedVisit, options: BounceOptions): string | undefined {
  const { frontUrl, keys } = options;
  const hops = visit.ticket?.hops ?? 0;
  if (frontUrl === '' || keys.length === 0 || hops >= MAX_HOPS) return undefined;
  const ticket = signTicket(bounceTicket(visit.ticket, options), keys);
  return `${frontLocation(frontUrl, visit)}${ticketBehind(visit.query, ticket)}`;
}

/**
 * The address at the front, which places the reader as it places a new one: elsewhere than here, if their cookie led them
 * here. Undefined without a front or a node key.
 */
export function placeAgainLocation(visit: BouncedVisit, options: BounceOptions): string | undefined {
  const { frontUrl, keys } = options;
  if (frontUrl === '' || keys.length === 0) return undefined;
  // With the nonce of the reader's press, which the front counts once.
  const returning = visit.ticket?.returning === true ? visit.ticket : undefined;
  const own = { ...bounceTicket(returning, options), pressed: returning?.pressed === true, returning: true };
  return `${frontLocation(frontUrl, visit)}${ticketBehind(visit.query, signTicket(own, keys))}`;
}

function frontLocation(frontUrl: string, { path, query }: Omit<BouncedVisit, 'ticket'>): string {
  return `${frontUrl}${path}${query === '' ? '' : `?${query}`}`;
}

function bounceTicket(ticket: Ticket | undefined, { nodeId, now }: BounceOptions): Ticket {
  return {
    redirector: ticket?.redirector ?? 'none',
    boot: ticket?.boot ?? 'none',
    node: nodeId,
    epoch: ticket?.epoch ?? Math.floor(now / 1000),
    nonce: ticket?.nonce ?? newNonce(),
    expires: now + BOUNCE_LIFE_MS,
    tried: [...(ticket?.tried ?? []), nodeId].slice(-MAX_TRIED),
    hops: (ticket?.hops ?? 0) + 1,
    // Only a click is bounced, and its reader must not be asked for another one.
    pressed: true,
    seal: ticket?.seal,
  };
}
