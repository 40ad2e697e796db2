// The hot path: a GET that ends in a 302, answered ahead of Koa. Only readers that no node can take wait. Who has not clicked
// gets the launch page, whose button is a POST to the same address, or the address of a node, and is not counted.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBodyOf } from '../../shared/api/error.ts';
import type { RefusalReason } from '../../shared/api/refusal.ts';
import type { ArrivalsLog } from '../../shared/arrivals-log.ts';
import type { Clock } from '../../shared/clock.ts';
import { answerJson, answerPage, wantsPage } from '../../shared/http/answer.ts';
import {
  joinRequestTarget,
  type RequestTarget,
  splitRequestTarget,
} from '../../shared/http/request-target.ts';
import { isClick, type PostOrigins, recognizeVisitor, type Visitor } from '../../shared/http/visitor.ts';
import type { ArrivalLimit } from '../../shared/limits/arrivals.ts';
import { answerLimited } from '../../shared/limits/client-refusal.ts';
import { acceptsJson, answerAdmitted } from '../../shared/line/answer.ts';
import { type Place, splitPlace } from '../../shared/line/place.ts';
import type { LineEnd, Standing } from '../../shared/line/waiters.ts';
import type { Preview } from '../../shared/pages/launch-page.ts';
import { splitTicket, type Ticket, ticketBehind } from '../../shared/protocol/ticket.ts';
import { tookMs } from '../../shared/reader-times/server-timing.ts';
import type { FrontDesk } from '../line/desk.ts';
import type { Dispatcher, Sent } from '../placement/dispatcher.ts';
import type { WaitingRoom } from '../placement/waiting-room.ts';
import type { ClickTraces } from './click-traces.ts';
import type { InTime } from './in-time.ts';
import { answerOther } from './other-visit.ts';
import { type ProofOfWork, splitWork, workError } from './proof-of-work.ts';
import { redirectTo } from './redirect-to.ts';
import type { ReturnCookies } from './return-cookie.ts';
import { workPage } from './work-page.ts';

export interface RedirectOptions {
  readonly dispatcher: Dispatcher;
  readonly room: WaitingRoom;
  readonly desk: FrontDesk;
  readonly clock: Clock;
  /** Counts readers for the objective. */
  readonly inTime: InTime;
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
  /** @param again as in `refuse` */
  readonly answerWaiting: (
    request: IncomingMessage,
    response: ServerResponse,
    standing: Standing,
    again: string,
  ) => void;
  /** A reader got a place in line. */
  readonly countRefusal: (reason: RefusalReason) => void;
  /** @param avoidable whether there was room elsewhere */
  readonly countBounce: (node: string, avoidable: boolean) => void;
  /** @param returning whether the reader was led back to the node where they have a sandbox */
  readonly count: (sent: Sent, returning: boolean) => void;
  readonly countLaunchPage: (visitor: Visitor) => void;
  /** The access log, where there is one. */
  readonly log: ((request: IncomingMessage, sent: Sent) => void) | undefined;
  /** The log of arrivals: each reader once, when they are first answered. */
  readonly launches: Pick<ArrivalsLog, 'recording'>;
  /** Undefined where clicks are not traced. */
  readonly traces: ClickTraces | undefined;
}

/** Readers of a client leave the line at any time, so others of it may try again soon. */
const PLACES_RETRY_MS = 30_000;

/** Answers each GET, HEAD and POST whose path is not the front's own; false when it did not answer. */
export function createRedirect(options: RedirectOptions) {
  const { dispatcher, arrivals, returns, desk } = options;
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return false;
    const { path, query: rawQuery } = splitRequestTarget(request.url ?? '/');
    if (options.isOwn(path)) return false;
    const { query: unworked, work } = method === 'POST' ? splitWork(rawQuery) : { query: rawQuery };
    const { query: ownQuery, ticket } = dispatcher.usesTickets ? splitTicket(unworked) : { query: unworked };
    const { query, place: shownPlace, isPatient } = splitPlace(ownQuery);
    const target = { path, query };
    const visitor = recognizeVisitor(request, options.postOrigins);
    const shown = dispatcher.readBack(ticket);
    const bounce = shown?.returning === true ? undefined : shown;
    const client = arrivals.clientOf(request);
    const place = desk.readVisit(shownPlace, bounce, client);
    // One who waits has no sandbox: that was looked up when they came.
    const node =
      place === undefined && mayReturn(request, visitor) ? returns.find(request, ticket) : undefined;
    const back = node === undefined ? undefined : dispatcher.sendBack(node, visitor === 'press');
    if (back !== undefined) {
      answer(options, { request, response, target, bounce: undefined, returning: true }, back);
      return true;
    }
    // A node bounces clicks only, and only clicks get a place: there is a reader, however their browser comes back.
    const pressed = shown?.pressed === true || place !== undefined;
    if (!isClick(visitor, pressed) && !asksForPlace(options, request, visitor)) {
      answerOther(options, { request, response, target, visitor, tried: bounce?.tried });
      return true;
    }
    const mayHold = isPatient || bounce !== undefined || !wantsPage(request);
    const reader = { request, response, target, client, work, bounce, place, mayHold };
    if (isAdmitted(options, reader)) sendReader(options, reader, pressed || visitor === 'press');
    return true;
  };
}

/** A visitor who has clicked. */
interface Reader {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without our parameters. */
  readonly target: RequestTarget;
  readonly client: string;
  readonly work: string | undefined;
  /** The ticket of a reader that a node sent back. */
  readonly bounce: Ticket | undefined;
  /** In line. */
  readonly place: Place | undefined;
  /** Whether the answer may take as long as a reader in line is held. */
  readonly mayHold: boolean;
}

/** Counts a reader once; where they may not come in now, they are answered here. */
function isAdmitted(options: RedirectOptions, reader: Reader): boolean {
  const { proof, arrivals, desk } = options;
  const { request, response, client, bounce, place } = reader;
  // A bounced reader was counted when they first came, and one in line when they got their place here.
  if (bounce !== undefined || (place !== undefined && desk.isCharged(place))) return true;
  if (place === undefined && proof.isAsked && !hasWorked(options, reader)) return false;
  const wait = arrivals.admit(client);
  if (wait > 0) {
    answerLimited(request, response, 'too-many-requests', wait);
    if (place === undefined) recordArrival(options, reader, 'limited');
  } else if (place !== undefined) desk.charge(place);
  return wait === 0;
}

/** To a node, or into the line. */
function sendReader(options: RedirectOptions, reader: Reader, pressed: boolean): void {
  const { dispatcher, room, desk, clock, inTime } = options;
  const { request, response, target, client, bounce, place, mayHold } = reader;
  const arrivedAt = clock.now();
  const beganAt = clock.monotonic();
  const asked: Asked = { request, response, target, bounce, returning: false, place, choosingAt: beganAt };
  const finish = (end: LineEnd<Sent> | RefusalReason): void => {
    if (end === 'full' || end === 'too-many-hops') {
      options.countRefusal(end);
      if (desk.admits(client, undefined)) finish(desk.give(arrivedAt, client, bounce?.tried));
      else answer(options, asked, 'too-many-places');
    } else answer(options, asked, end);
  };
  if (place !== undefined && !desk.admits(client, place)) {
    answer(options, asked, 'too-many-places');
    return;
  }
  const wait = (): ReturnType<WaitingRoom['send']> | ReturnType<FrontDesk['hold']> => {
    if (place !== undefined) return mayHold ? desk.hold(place, client, response) : desk.ask(place, client);
    if (desk.isBusy) return 'full';
    return room.send(dispatcher.startJourney(bounce, { pressed, client }), response);
  };
  const end = wait();
  const wasHeld = end instanceof Promise;
  const hadRoom = wasHeld && inTime.showsRoom();
  const count = (outcome: LineEnd<Sent> | RefusalReason): void => {
    // Who stands in line came when no slot was free.
    if (place !== undefined) return;
    const name = typeof outcome === 'string' ? outcome : 'view' in outcome ? 'sent' : 'line';
    inTime.count({ beganAt, wasHeld, wasBounced: bounce !== undefined }, hadRoom, name);
  };
  if (!wasHeld) {
    count(end);
    finish(end);
  } else
    void end.then((later) => {
      count(later);
      finish(later);
    });
}

/** Whether a program asks to stand in line: it reads JSON, and there is no room to which it could be shown the way. */
function asksForPlace({ dispatcher }: RedirectOptions, request: IncomingMessage, visitor: Visitor): boolean {
  if (visitor !== 'unknown' || wantsPage(request) || !acceptsJson(request)) return false;
  return dispatcher.chooseForVisitor() === undefined && dispatcher.refusalReason() === 'full';
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

/** Whether a reader has shown a proof of work, or need not; otherwise answers with what they have to do. */
function hasWorked(
  { proof, arrivals, preview }: RedirectOptions,
  { request, response, target, client, work }: Reader,
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

/** What of a request the answer depends on. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without our ticket. */
  readonly target: RequestTarget;
  /** The ticket of a reader that a node sent back. */
  readonly bounce: Ticket | undefined;
  readonly returning: boolean;
  /** With which the reader asked. */
  readonly place?: Place | undefined;
  /** ms of the monotonic clock; undefined where no node was to be chosen. */
  readonly choosingAt?: number;
}

function answer(
  options: RedirectOptions,
  asked: Asked,
  sent: LineEnd<Sent> | RefusalReason | 'too-many-places',
): void {
  const { request, response, target, bounce, returning, place } = asked;
  const isSent = typeof sent === 'object' && 'view' in sent;
  if (bounce !== undefined) options.countBounce(bounce.node, isSent);
  else if (place === undefined) recordArrival(options, { target, response }, sent);
  options.traces?.answered(asked, sent);
  const address = joinRequestTarget(target);
  if (sent === 'too-many-places') answerLimited(request, response, sent, PLACES_RETRY_MS);
  else if (typeof sent === 'string') options.refuse(request, response, sent, address);
  else if (!isSent) options.answerWaiting(request, response, sent, address);
  else {
    options.count(sent, returning);
    options.log?.(request, sent);
    const ticket = sent.ticket === undefined ? '' : ticketBehind(target.query, sent.ticket);
    const location = sent.view.member.url + address + ticket;
    const cookie = options.returns.lead(request, sent.view);
    // The page's own request could not follow a redirect to another origin.
    if (place !== undefined && !wantsPage(request)) {
      if (cookie !== undefined) response.setHeader('set-cookie', cookie);
      answerAdmitted(response, location);
    } else redirectTo(response, location, { status: request.method === 'POST' ? 303 : 302, cookie });
  }
}

function recordArrival(
  { launches }: RedirectOptions,
  { target, response }: Pick<Asked, 'target' | 'response'>,
  sent: LineEnd<Sent> | RefusalReason | 'too-many-places' | 'limited',
): void {
  const record = launches.recording;
  if (record === undefined) return;
  const arrival = { path: target.path, tookMs: tookMs(response) };
  if (typeof sent === 'string') record({ ...arrival, outcome: sent });
  else if ('view' in sent) record({ ...arrival, outcome: 'sent', node: sent.view.member.id });
  else record({ ...arrival, outcome: 'waiting' });
}
