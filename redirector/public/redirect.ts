// The hot path: a plain GET that ends in a 302, answered ahead of Koa. Only who finds no room waits.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { splitTicket, type Ticket, ticketBehind } from '../../shared/protocol/ticket.ts';
import type { Dispatcher, Refusal, Sent } from '../placement/dispatcher.ts';
import type { WaitingRoom } from '../placement/waiting-room.ts';
import type { Found } from './found.ts';

export interface RedirectOptions {
  readonly dispatcher: Dispatcher;
  readonly room: WaitingRoom;
  readonly found: Found;
  /** Addresses that are the front's own. */
  readonly isOwn: (path: string) => boolean;
  /** @param again the address as asked for, without our ticket */
  readonly refuse: (
    request: IncomingMessage,
    response: ServerResponse,
    refusal: Refusal,
    again: string,
  ) => void;
  /** @param avoidable whether there was room elsewhere */
  readonly countBounce: (node: string, avoidable: boolean) => void;
  readonly count: (sent: Sent) => void;
  /** The access log, where one is kept. */
  readonly logged?: (request: IncomingMessage, sent: Sent) => void;
}

interface Asked {
  readonly path: string;
  /** Without our ticket. */
  readonly query: string;
  /** What the ticket of a node that sent them back says. */
  readonly back: Ticket | undefined;
}

/** Answers every GET and HEAD that is not for an address of the front's own; false when it did not. */
export function createRedirect(options: RedirectOptions) {
  const { dispatcher, room, found } = options;
  const end = (
    request: IncomingMessage,
    response: ServerResponse,
    asked: Asked,
    sent: Sent | Refusal,
  ): void => {
    const { path, query, back } = asked;
    if (back !== undefined) options.countBounce(back.node, typeof sent !== 'string');
    if (typeof sent === 'string') {
      options.refuse(request, response, sent, join(path, query));
      return;
    }
    options.count(sent);
    options.logged?.(request, sent);
    const ticket = sent.ticket === undefined ? '' : ticketBehind(query, sent.ticket);
    found(response, sent.view.member.url, join(path, query), ticket);
  };
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD') return false;
    const { path, query: rawQuery } = splitRequestTarget(request.url ?? '/');
    if (options.isOwn(path)) return false;
    const { query, ticket } = dispatcher.usesTickets ? splitTicket(rawQuery) : { query: rawQuery };
    const back = dispatcher.readBack(ticket);
    if (method === 'HEAD' || isSpeculative(request)) {
      // Nobody is on their way: no ticket, and nothing is counted.
      const view = dispatcher.choose(back?.tried);
      if (view === undefined) options.refuse(request, response, dispatcher.whyNot(), join(path, query));
      else found(response, view.member.url, join(path, query));
      return true;
    }
    const asked = { path, query, back };
    const sent = room.send(dispatcher.startJourney(back), response);
    if (sent instanceof Promise) void sent.then((then) => end(request, response, asked, then));
    else end(request, response, asked, sent);
    return true;
  };
}

/**
 * Path and raw query of a request target, byte for byte. Leading slashes are one slash, and of an absolute-form
 * target (RFC 9112 §3.2.2) the authority is left out: neither may become the address a reader is sent to.
 */
export function splitRequestTarget(target: string): { readonly path: string; readonly query: string } {
  // Nearly every target begins with a slash, and the pattern need not run for those.
  const local = target.charCodeAt(0) === 47 ? target : target.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? '' : local.slice(mark + 1);
  if (path.charCodeAt(0) === 47 && path.charCodeAt(1) !== 47) return { path, query };
  return { path: `/${path.replace(/^\/+/, '')}`, query };
}

function join(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

/** Fetched ahead of a click that may never come. */
function isSpeculative({ headers }: IncomingMessage): boolean {
  const purpose = headers['sec-purpose'] ?? headers.purpose ?? headers['x-moz'];
  return purpose !== undefined && /prefetch|prerender|preview/i.test(String(purpose));
}
