// Handles a reader's click on this node: ticket, the reader's own sandbox, a warm one, or a bounce to the front.
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { RecordArrival } from '../../shared/arrivals-log.ts';
import type { Clock } from '../../shared/clock.ts';
import { FleetError } from '../../shared/errors.ts';
import { answerPage, wantsPage } from '../../shared/http/answer.ts';
import { cookieSchemeOf } from '../../shared/http/cookies.ts';
import { joinRequestTarget, splitRequestTarget } from '../../shared/http/request-target.ts';
import { isClick, recognizeVisitor } from '../../shared/http/visitor.ts';
import { acceptsJson, answerAdmitted } from '../../shared/line/answer.ts';
import { splitPlace } from '../../shared/line/place.ts';
import { splitTicket, type Ticket } from '../../shared/protocol/ticket.ts';
import { tookMs } from '../../shared/reader-times/server-timing.ts';
import { NODE_WORDS } from '../../shared/words/node.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { OwnOrigin } from '../own-origin/own-origin.ts';
import type { ArrivalMarks } from '../ownership/arrival-marks.ts';
import { finderCookie, findOwn, ownerCookies, removeFinders } from '../ownership/owner-cookies.ts';
import type { Pool } from '../pool/pool.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import type { EmbedPolicy } from '../state/embed-policy.ts';
import { afreshPage, isPressedAfresh, splitAfresh } from './afresh.ts';
import { bounceLocation, placeAgainLocation } from './bounce.ts';
import type { ClaimsInLine, LineVisit } from './claims-in-line.ts';
import type { ClickTraces } from './click-traces.ts';
import { fullPage } from './full-page.ts';
import { answerLaunchPage, launchAction } from './launch.ts';
import {
  addressInVain,
  PreparingPage,
  type Started,
  type StartedSandboxes,
  splitStarted,
} from './preparing.ts';
import { type ClaimRefusal, refusedPage } from './refused-page.ts';
import { findTarget, locate, type Target } from './target.ts';
import type { TicketClaims } from './ticket-claims.ts';
import type { TicketCounter } from './ticket-counter.ts';

export interface ClaimOptions {
  readonly config: NodeAgentConfig;
  /** Of this node's tickets; empty without a node key. */
  readonly keys: readonly KeyObject[];
  readonly pool: Pool;
  /** Undefined where sandboxes share this node's name. */
  readonly ownOrigin: OwnOrigin | undefined;
  readonly tickets: TicketCounter;
  readonly ticketClaims: TicketClaims;
  /** Where this node cannot send readers to a front; else they stand in line there. */
  readonly line: ClaimsInLine | undefined;
  readonly marks: Pick<ArrivalMarks, 'addTo'>;
  readonly startedSandboxes: StartedSandboxes;
  readonly embedding: Pick<EmbedPolicy, 'origins'>;
  readonly clock: Clock;
  readonly count: (outcome: ClaimOutcome) => void;
  /** The log of arrivals. */
  readonly record: RecordArrival;
  /** Undefined where clicks are not traced. */
  readonly traces?: ClickTraces | undefined;
  /** A reader is being sent to the sandbox that they got. @param preparedMs how long they saw the page of a start */
  readonly sent: (id: string, preparedMs: number) => void;
}

export type ClaimOutcome =
  | 'claimed'
  | 'returned'
  | 'launch-page'
  | 'bounced'
  /** The front sent a reader back to their own sandbox, and there is none. */
  | 'not-here'
  | 'full'
  | 'no-ticket'
  /** The browser has not kept the key of its sandbox, which is warm again. */
  | 'no-cookies'
  /** The ticket gave somebody a sandbox already. */
  | 'spent-ticket'
  /** An API token is set, and pages are not open. */
  | 'closed';

interface Visit {
  readonly context: Context;
  readonly target: Target;
  /** As requested, without our parameters. */
  readonly path: string;
  readonly query: string;
  readonly ticket: Ticket | undefined;
  /** In line, as shown. */
  readonly placeText: string | undefined;
  readonly isPatient: boolean;
  /** Whether the reader wants another sandbox than they have. */
  readonly isAfresh: boolean;
  readonly started: Started | undefined;
  /** ms of the monotonic clock */
  readonly beganAt: number;
  /** What the reader sees while their sandbox starts. */
  readonly preparing: PreparingPage;
}

export class ClaimHandler {
  readonly #options: ClaimOptions;
  readonly #recorded = new WeakSet<Visit>();

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  /** Answers when the address is one that gives a reader a sandbox; otherwise returns false. */
  async handle(context: Context): Promise<boolean> {
    const { path, query: rawQuery } = splitRequestTarget(context.req.url ?? '/');
    const { query: ownQuery, ticket } = splitTicket(rawQuery);
    const { query: placeless, place: placeText, isPatient } = splitPlace(ownQuery);
    const { query: codeless, isAfresh } = splitAfresh(placeless);
    const { query, started, isInVain } = splitStarted(codeless);
    const target = findTarget(path, query, this.#options.config);
    if (target === undefined) return false;
    const counted = this.#options.tickets.count(ticket);
    this.#options.traces?.begin('claim', context.res, counted);
    const preparing = new PreparingPage(context, isInVain);
    const beganAt = this.#options.clock.monotonic();
    const about = { ticket: counted, placeText, isPatient, isAfresh, started, preparing, beganAt };
    const visit = { context, target, path, query, ...about };
    try {
      await this.#serve(visit);
    } catch (error) {
      this.#options.traces?.failed(context.res, error);
      throw error;
    } finally {
      // A page that is still open has led to no sandbox.
      preparing.goTo(addressInVain(visit, ticket));
    }
    return true;
  }

  async #serve(visit: Visit): Promise<void> {
    const { config, pool, line, embedding, startedSandboxes, clock, sent } = this.#options;
    const { context } = visit;
    context.set('Cache-Control', 'no-store');
    if (visit.ticket?.canary === true) return this.#serveCanary(visit, visit.ticket);
    const { found, stale } = findOwn(context.req, config, (id) => pool.table.get(id));
    const started = startedSandboxes.take(visit.started, context.req);
    const own = started ?? found;
    // A claimed sandbox that was never used and does not answer is replaced.
    const wantsAnother = own !== undefined && visit.isAfresh && isPressedAfresh(context.req);
    if (wantsAnother) pool.end(own.id, 'left');
    else if (own !== undefined && context.method !== 'HEAD' && (await pool.confirm(own))) {
      if (started === undefined) this.#count('returned', visit);
      if (visit.isAfresh && wantsPage(context.req)) return this.#askAfresh(visit);
      // Where another tab of the same browser stood in line, too: the page goes on by a navigation.
      if (visit.placeText !== undefined && !wantsPage(context.req))
        return answerAdmitted(context.res, joinRequestTarget(visit));
      return this.#sendTo(own, visit, stale);
    }
    if (visit.ticket?.returning === true && this.#placeAgain('not-here', visit)) return;
    if (config.apiToken !== '' && !config.openPages) {
      return this.#refuse('closed', visit);
    }
    const { allowOrigin } = config;
    const visitor = recognizeVisitor(context.req, { allowOrigin, embedOrigins: embedding.origins });
    // Only clicks get a place.
    const place = line?.read(visit.placeText);
    const pressed = visit.ticket?.pressed === true || place !== undefined;
    if (!isClick(visitor, pressed) && !(visitor === 'unknown' && this.#asksForPlace(context))) {
      this.#options.count('launch-page');
      return answerLaunchPage(visit, visitor, config);
    }
    if (config.requireTicket && visit.ticket === undefined && place === undefined)
      return this.#sendToFront('no-ticket', visit);
    let sandbox: Sandbox | 'spent' | undefined;
    if (line !== undefined && place !== undefined) sandbox = await line.claim(lineVisit(visit), place);
    else {
      const mustStand = line?.isBusy() === true;
      if (!mustStand) sandbox = await visit.preparing.during(this.#claim(visit));
      if (sandbox === 'spent') return this.#sendToFront('spent-ticket', visit);
      if (sandbox === undefined) {
        if (line === undefined) return this.#turnAway(visit);
        this.#count('full', visit);
        sandbox = await line.join(lineVisit(visit), !mustStand);
      }
    }
    if (sandbox === undefined) return;
    this.#count('claimed', visit);
    sent(sandbox.id, visit.preparing.isOpen ? clock.monotonic() - visit.beganAt : 0);
    this.#sendTo(sandbox, visit, stale);
  }

  /** @throws FleetError `full` where no warm sandbox is to spare */
  async #serveCanary(visit: Visit, ticket: Ticket): Promise<void> {
    const { ticketClaims, line } = this.#options;
    const isBusy = line?.isBusy() === true;
    const sandbox = isBusy ? undefined : await ticketClaims.forCanary(visit.context.res, ticket);
    if (sandbox === 'spent') throw new FleetError('forbidden', 'this ticket has given a sandbox already');
    if (sandbox === undefined) throw new FleetError('full', 'no warm sandbox is to spare here for a canary');
    // In the trace only: it is no reader.
    this.#options.traces?.outcome(visit.context.res, 'claimed');
    this.#sendTo(sandbox, visit, []);
  }

  /** `spent`: with a ticket that gave a sandbox already, where readers need one. Undefined: there is no room. */
  async #claim({ ticket, context: { res } }: Visit): Promise<Sandbox | 'spent' | undefined> {
    const { config, ticketClaims } = this.#options;
    const sandbox = ticket === undefined ? 'spent' : await ticketClaims.forPage(res, ticket);
    if (sandbox !== 'spent') return sandbox;
    const needsTicket = ticket !== undefined && (config.frontUrl !== '' || config.requireTicket);
    return needsTicket ? 'spent' : ticketClaims.withoutTicket(res, 'page');
  }

  /** Whether a program asks to stand in line: it reads JSON, and there is no room for it. */
  #asksForPlace({ req }: Context): boolean {
    const { line } = this.#options;
    return line !== undefined && !wantsPage(req) && acceptsJson(req) && line.isFull();
  }

  #count(outcome: ClaimOutcome, visit: Visit): void {
    const { context, path, placeText } = visit;
    const { count, record, config, traces } = this.#options;
    count(outcome);
    traces?.outcome(context.res, outcome);
    // Each reader once, by the first outcome: who stood in line came before.
    if (placeText !== undefined || this.#recorded.has(visit)) return;
    this.#recorded.add(visit);
    record({ path, outcome, node: config.nodeId, tookMs: tookMs(context.res) });
  }

  #askAfresh(visit: Visit): void {
    const keep = joinRequestTarget(visit);
    answerPage(visit.context.res, 200, afreshPage({ keep, action: launchAction(visit) }));
  }

  #sendTo(sandbox: Sandbox, visit: Visit, stale: readonly string[]): void {
    const { ownOrigin, config, startedSandboxes } = this.#options;
    const { context, target, preparing } = visit;
    this.#options.traces?.sent(sandbox.id, context.res);
    if (preparing.isOpen) {
      preparing.goTo(startedSandboxes.addressOf(sandbox, visit));
      return;
    }
    const { nodeId, trustProxy } = config;
    const scheme = cookieSchemeOf(context.req, trustProxy);
    const cookies =
      ownOrigin === undefined
        ? ownerCookies(nodeId, sandbox, scheme)
        : [finderCookie(nodeId, sandbox, scheme)];
    context.append('Set-Cookie', [...removeFinders(stale, scheme), ...cookies]);
    redirect(
      visit,
      ownOrigin === undefined
        ? locate(sandbox.id, this.#marked(target, sandbox, context.req))
        : ownOrigin.handOverAddress(sandbox, target, context.req),
    );
  }

  /** For a browser that may keep no cookies. An origin of its own has its own redirect, which marks. */
  #marked(target: Target, sandbox: Sandbox, request: IncomingMessage): Target {
    const { config, marks } = this.#options;
    return config.openUrls ? target : { ...target, query: marks.addTo(target.query, sandbox, request) };
  }

  /** A reader without a ticket, or with one that is used up, gets a new one from the front. */
  #sendToFront(outcome: 'no-ticket' | 'spent-ticket', visit: Visit): void {
    if (!this.#placeAgain(outcome, visit)) this.#refuse(outcome, visit);
  }

  /** False when there is no front that could place the reader. */
  #placeAgain(outcome: ClaimOutcome, visit: Visit): boolean {
    const { config, keys, clock } = this.#options;
    const location = placeAgainLocation(visit, { ...config, keys, now: clock.now() });
    if (location === undefined) return false;
    this.#count(outcome, visit);
    redirect(visit, location);
    return true;
  }

  #refuse(outcome: ClaimRefusal, visit: Visit): void {
    const { context } = visit;
    this.#count(outcome, visit);
    if (!wantsPage(context.req)) throw new FleetError('forbidden', NODE_WORDS.en.refused[outcome]);
    answerPage(context.res, 403, refusedPage(outcome));
  }

  /** Bounces to the front; after too many bounces, answers with a page that says that all notebooks are taken. */
  #turnAway(visit: Visit): void {
    const { config, keys, clock } = this.#options;
    const location = bounceLocation(visit, { ...config, keys, now: clock.now() });
    if (location === undefined) {
      this.#count('full', visit);
      visit.context.set('Retry-After', '5');
      answerPage(visit.context.res, 503, fullPage);
      return;
    }
    this.#count('bounced', visit);
    redirect(visit, location);
  }
}

function lineVisit({ context, path, query, placeText, isPatient, preparing }: Visit): LineVisit {
  const address = joinRequestTarget({ path, query });
  return { request: context.req, response: context.res, address, placeText, isPatient, preparing };
}

/** 303 after a POST, so that the browser goes on with GET. Set by hand: Koa would re-encode the reader's own bytes. */
function redirect({ context, preparing }: Pick<Visit, 'context' | 'preparing'>, location: string): void {
  if (preparing.isOpen) {
    preparing.goTo(location);
    return;
  }
  context.status = context.method === 'POST' ? 303 : 302;
  context.res.setHeader('Location', location);
  context.body = '';
}
