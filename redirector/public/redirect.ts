// The hot path: a GET that ends in a 302, answered ahead of Koa. Only readers that no node can take wait. Who has not clicked
// gets the launch page, whose button is a POST to the same address, or the address of a node, and is not counted.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBodyOf } from '../../shared/api/error.ts';
import { answerJson, answerPage, wantsPage } from '../../shared/http/answer.ts';
import {
  joinRequestTarget,
  type RequestTarget,
  splitRequestTarget,
} from '../../shared/http/request-target.ts';
import { isClick, recognizeVisitor, type Visitor } from '../../shared/http/visitor.ts';
import type { ArrivalLimit } from '../../shared/limits/arrivals.ts';
import { answerLimited } from '../../shared/limits/client-refusal.ts';
import { launchPage } from '../../shared/pages/launch-page.ts';
import { splitTicket, type Ticket, ticketBehind } from '../../shared/protocol/ticket.ts';
import type { Dispatcher, RefusalReason, Sent } from '../placement/dispatcher.ts';
import type { WaitingRoom } from '../placement/waiting-room.ts';
import { type ProofOfWork, splitWork, workError } from './proof-of-work.ts';
import { workPage } from './work-page.ts';

export interface RedirectOptions {
  readonly dispatcher: Dispatcher;
  readonly room: WaitingRoom;
  readonly arrivals: ArrivalLimit;
  readonly proof: ProofOfWork;
  /** Whether the front answers this path itself. */
  readonly isOwn: (path: string) => boolean;
  /** The heading of the launch page. */
  readonly title: string;
  /** The origin whose pages may make POSTs, or `*`; empty for none. */
  readonly allowOrigin: string;
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
  readonly countLaunchPage: (visitor: Visitor) => void;
  /** The access log, where there is one. */
  readonly log: ((request: IncomingMessage, sent: Sent) => void) | undefined;
}

/** Answers each GET, HEAD and POST whose path is not the front's own; false when it did not answer. */
export function createRedirect(options: RedirectOptions) {
  const { dispatcher, room, arrivals, proof } = options;
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return false;
    const { path, query: rawQuery } = splitRequestTarget(request.url ?? '/');
    if (options.isOwn(path)) return false;
    const { query: ownQuery, work } = method === 'POST' ? splitWork(rawQuery) : { query: rawQuery };
    const { query, ticket } = dispatcher.usesTickets ? splitTicket(ownQuery) : { query: ownQuery };
    const target = { path, query };
    const bounce = dispatcher.readBack(ticket);
    const visitor = recognizeVisitor(request, options.allowOrigin);
    // A node bounces clicks only: behind a bounce there is a reader, however their browser comes back.
    if (!isClick(visitor, bounce !== undefined)) {
      answerOther(options, { request, response, target, visitor, tried: bounce?.tried });
      return true;
    }
    const client = arrivals.clientOf(request);
    // A bounced reader was counted when they first came.
    if (bounce === undefined) {
      if (proof.isAsked && !hasWorked(options, { request, response, target, client, work })) return true;
      const wait = arrivals.admit(client);
      if (wait > 0) {
        answerLimited(request, response, 'too-many-requests', wait);
        return true;
      }
    }
    const finish = (sent: Sent | RefusalReason): void =>
      answer(options, { request, response, target, bounce, sent });
    const journey = dispatcher.startJourney(bounce, { pressed: visitor === 'press', client });
    const sent = room.send(journey, response);
    if (sent instanceof Promise) void sent.then(finish);
    else finish(sent);
    return true;
  };
}

interface Worker {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without our parameters. */
  readonly target: RequestTarget;
  readonly client: string;
  readonly work: string | undefined;
}

/** Whether a reader has shown a proof of work, or need not; otherwise answers with what they have to do. */
function hasWorked(
  { proof, arrivals, title }: RedirectOptions,
  { request, response, target, client, work }: Worker,
): boolean {
  if (arrivals.isExempt(client)) return true;
  const shown = proof.take(work);
  if (shown === 'good') return true;
  if (wantsPage(request)) {
    const action = joinRequestTarget(target);
    answerPage(response, 200, workPage({ title, action, challenge: proof.challenge() }));
  } else {
    const error = workError(proof, shown);
    answerJson(response, error.status, errorBodyOf(error));
  }
  return false;
}

interface OtherVisit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without our ticket. */
  readonly target: RequestTarget;
  readonly visitor: Visitor;
  readonly tried: readonly string[] | undefined;
}

/** For a visitor who is not a reader on their way: nothing is counted, and no ticket is given. */
function answerOther(options: RedirectOptions, visit: OtherVisit): void {
  const { dispatcher } = options;
  const { request, response, target, visitor } = visit;
  const address = joinRequestTarget(target);
  const view = hasOwnPage(visit, dispatcher.usesTickets)
    ? undefined
    : dispatcher.chooseForVisitor(visit.tried);
  // A plain tmpnb node has no launch page: each request that reaches it takes a sandbox.
  if (view?.stats?.fleet !== undefined) redirectTo(response, view.member.url + address);
  else if (view === undefined && !hasOwnPage(visit, dispatcher.usesTickets)) {
    options.refuse(request, response, dispatcher.refusalReason(), address);
  } else {
    options.countLaunchPage(visitor);
    answerPage(response, 200, launchPage({ title: options.title, action: address, visitor }));
  }
}

/**
 * Whether the visitor gets the front's own launch page, not the one of a node. Without tickets, a node could not know that
 * a reader in a frame has pressed the button here, and would show them a second one.
 */
function hasOwnPage({ request, visitor }: OtherVisit, usesTickets: boolean): boolean {
  if (visitor === 'frame') return usesTickets;
  return visitor === 'cross-site' || (visitor === 'unknown' && wantsPage(request));
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
  redirectTo(response, sent.view.member.url + address + ticket, request.method === 'POST' ? 303 : 302);
}

/** @param status 303 after a POST, so that the browser goes on with GET (RFC 9110 §15.4.4) */
function redirectTo(response: ServerResponse, location: string, status = 302): void {
  // node:http writes a flat list of names and values as it is; it would take an object apart first.
  response.writeHead(status, ['location', location, 'cache-control', 'no-store', 'content-length', '0']);
  response.end();
}
