// The hot path: a GET that ends in a 302, answered ahead of Koa. Only readers that no node can take wait.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isPrefetch } from '../../shared/http/prefetch.ts';
import {
  joinRequestTarget,
  type RequestTarget,
  splitRequestTarget,
} from '../../shared/http/request-target.ts';
import { splitTicket, type Ticket, ticketBehind } from '../../shared/protocol/ticket.ts';
import type { Dispatcher, RefusalReason, Sent } from '../placement/dispatcher.ts';
import type { WaitingRoom } from '../placement/waiting-room.ts';

export interface RedirectOptions {
  readonly dispatcher: Dispatcher;
  readonly room: WaitingRoom;
  /** Whether the front answers this path itself. */
  readonly isOwn: (path: string) => boolean;
  /** @param again the address as requested, without our ticket */
  readonly refuse: (
    request: IncomingMessage,
    response: ServerResponse,
    reason: RefusalReason,
    again: string,
  ) => void;
  /** @param avoidable whether there was room elsewhere */
  readonly countBounce: (node: string, avoidable: boolean) => void;
  readonly count: (sent: Sent) => void;
  /** The access log, where there is one. */
  readonly log: ((request: IncomingMessage, sent: Sent) => void) | undefined;
}

/** Answers each GET and HEAD whose path is not the front's own; false when it did not answer. */
export function createRedirect(options: RedirectOptions) {
  const { dispatcher, room } = options;
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD') return false;
    const { path, query: rawQuery } = splitRequestTarget(request.url ?? '/');
    if (options.isOwn(path)) return false;
    const { query, ticket } = dispatcher.usesTickets ? splitTicket(rawQuery) : { query: rawQuery };
    const target = { path, query };
    const bounce = dispatcher.readBack(ticket);
    if (method === 'HEAD' || isPrefetch(request.headers)) {
      // No reader is on their way: no ticket, and nothing is counted.
      const view = dispatcher.choose(bounce?.tried);
      if (view !== undefined) redirectTo(response, view.member.url + joinRequestTarget(target));
      else options.refuse(request, response, dispatcher.refusalReason(), joinRequestTarget(target));
      return true;
    }
    const finish = (sent: Sent | RefusalReason): void =>
      answer(options, { request, response, target, bounce, sent });
    const sent = room.send(dispatcher.startJourney(bounce), response);
    if (sent instanceof Promise) void sent.then(finish);
    else finish(sent);
    return true;
  };
}

interface Outcome {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without our ticket. */
  readonly target: RequestTarget;
  /** The ticket of a reader that a node sent back. */
  readonly bounce: Ticket | undefined;
  readonly sent: Sent | RefusalReason;
}

function answer(options: RedirectOptions, { request, response, target, bounce, sent }: Outcome): void {
  if (bounce !== undefined) options.countBounce(bounce.node, typeof sent !== 'string');
  const address = joinRequestTarget(target);
  if (typeof sent === 'string') {
    options.refuse(request, response, sent, address);
    return;
  }
  options.count(sent);
  options.log?.(request, sent);
  const ticket = sent.ticket === undefined ? '' : ticketBehind(target.query, sent.ticket);
  redirectTo(response, sent.view.member.url + address + ticket);
}

function redirectTo(response: ServerResponse, location: string): void {
  // node:http writes a flat list of names and values as it is; it would take an object apart first.
  response.writeHead(302, ['location', location, 'cache-control', 'no-store', 'content-length', '0']);
  response.end();
}
