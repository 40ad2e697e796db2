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
import { isClick, type PostOrigins, recognizeVisitor, type Visitor } from '../../shared/http/visitor.ts';
import type { ArrivalLimit } from '../../shared/limits/arrivals.ts';
import { answerLimited } from '../../shared/limits/client-refusal.ts';
import { addressOf, launchPage, type Preview } from '../../shared/pages/launch-page.ts';
import { splitTicket, type Ticket, ticketBehind } from '../../shared/protocol/ticket.ts';
import type { Dispatcher, RefusalReason, Sent } from '../placement/dispatcher.ts';
import type { WaitingRoom } from '../placement/waiting-room.ts';
import { type ProofOfWork, splitWork, workError } from './proof-of-work.ts';
import type { ReturnCookies } from './return-cookie.ts';
import { workPage } from './work-page.ts';

export interface RedirectOptions {
  readonly dispatcher: Dispatcher;
  readonly room: WaitingRoom;
  readonly arrivals: ArrivalLimit;
  readonly proof: ProofOfWork;
  readonly returns: ReturnCookies;
  /** Whether the front answers this path itself. */
  readonly isOwn: (path: string) => boolean;
  readonly preview: Preview;
  readonly trustProxy: boolean;
  readonly postOrigins: PostOrigins;
  /** @param again the address as requested, without our ticket */
  readonly refuse: (
    request: IncomingMessage,
    response: ServerResponse,
    reason: RefusalReason,
    again: string,
  ) => void;
  /** @param avoidable whether there was room elsewhere */
  readonly countBounce: (node: string, avoidable: boolean) => void;
  /** @param returning whether the reader was led back to the node where they have a sandbox */
  readonly count: (sent: Sent, returning: boolean) => void;
  readonly countLaunchPage: (visitor: Visitor) => void;
  /** The access log, where there is one. */
  readonly log: ((request: IncomingMessage, sent: Sent) => void) | undefined;
}

/** Answers each GET, HEAD and POST whose path is not the front's own; false when it did not answer. */
export function createRedirect(options: RedirectOptions) {
  const { dispatcher, room, arrivals, proof, returns } = options;
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return false;
    const { path, query: rawQuery } = splitRequestTarget(request.url ?? '/');
    if (options.isOwn(path)) return false;
    const { query: ownQuery, work } = method === 'POST' ? splitWork(rawQuery) : { query: rawQuery };
    const { query, ticket } = dispatcher.usesTickets ? splitTicket(ownQuery) : { query: ownQuery };
    const target = { path, query };
    const visitor = recognizeVisitor(request, options.postOrigins);
    const shown = dispatcher.readBack(ticket);
    const bounce = shown?.returning === true ? undefined : shown;
    const node = mayReturn(request, visitor) ? returns.find(request.headers, ticket) : undefined;
    const back = node === undefined ? undefined : dispatcher.sendBack(node, visitor === 'press');
    if (back !== undefined) {
      answer(options, { request, response, target, bounce: undefined, sent: back, returning: true });
      return true;
    }
    // A node bounces clicks only: behind a bounce there is a reader, however their browser comes back.
    const pressed = shown?.pressed === true;
    if (!isClick(visitor, pressed)) {
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
      answer(options, { request, response, target, bounce, sent, returning: false });
    const journey = dispatcher.startJourney(bounce, { pressed: pressed || visitor === 'press', client });
    const sent = room.send(journey, response);
    if (sent instanceof Promise) void sent.then(finish);
    else finish(sent);
    return true;
  };
}

/** Whether a visitor may be led back to a sandbox of theirs: it costs nothing, so an article's frame may be, too. */
function mayReturn(request: IncomingMessage, visitor: Visitor): boolean {
  if (request.headers.cookie === undefined) return false;
  return (
    visitor === 'person' ||
    visitor === 'press' ||
    visitor === 'frame' ||
    (visitor === 'unknown' && wantsPage(request))
  );
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
  { proof, arrivals, preview }: RedirectOptions,
  { request, response, target, client, work }: Worker,
): boolean {
  if (arrivals.isExempt(client)) return true;
  const shown = proof.take(work);
  if (shown === 'good') return true;
  if (wantsPage(request)) {
    const action = joinRequestTarget(target);
    answerPage(response, 200, workPage({ title: preview.title, action, challenge: proof.challenge() }));
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
    const { preview, trustProxy } = options;
    const ours = addressOf(request, address, trustProxy);
    answerPage(response, 200, launchPage({ preview, action: address, address: ours, visitor }));
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
  readonly returning: boolean;
}

function answer(options: RedirectOptions, outcome: Outcome): void {
  const { request, response, target, bounce, sent, returning } = outcome;
  if (bounce !== undefined) options.countBounce(bounce.node, typeof sent !== 'string');
  const address = joinRequestTarget(target);
  if (typeof sent === 'string') {
    options.refuse(request, response, sent, address);
    return;
  }
  options.count(sent, returning);
  options.log?.(request, sent);
  const ticket = sent.ticket === undefined ? '' : ticketBehind(target.query, sent.ticket);
  redirectTo(response, sent.view.member.url + address + ticket, {
    status: request.method === 'POST' ? 303 : 302,
    cookie: options.returns.lead(request.headers, sent.view),
  });
}

interface RedirectRest {
  /** 303 after a POST, so that the browser goes on with GET (RFC 9110 §15.4.4). */
  readonly status?: number;
  readonly cookie?: string | undefined;
}

function redirectTo(
  response: ServerResponse,
  location: string,
  { status = 302, cookie }: RedirectRest = {},
): void {
  // node:http writes a flat list of names and values as it is; it would take an object apart first.
  const headers = ['location', location, 'cache-control', 'no-store', 'content-length', '0'];
  if (cookie !== undefined) headers.push('set-cookie', cookie);
  response.writeHead(status, headers);
  response.end();
}
