// Claims at a node without a front: a reader for whom there is no sandbox gets a place in line, and a sandbox in their turn.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { wantsPage } from '../../shared/http/answer.ts';
import { limitError } from '../../shared/limits/client-refusal.ts';
import { answerAdmitted } from '../../shared/line/answer.ts';
import { type Place, patiently, withPlace } from '../../shared/line/place.ts';
import type { LineEnd, Standing } from '../../shared/line/waiters.ts';
import type { NodeDesk } from '../line/desk.ts';
import { Turn } from '../line/turn.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import type { ClientLimits } from './client-limits.ts';
import type { PreparingPage } from './preparing.ts';
import type { TicketClaims } from './ticket-claims.ts';

export interface ClaimsInLineOptions {
  readonly desk: NodeDesk;
  readonly limits: ClientLimits;
  readonly ticketClaims: TicketClaims;
  readonly clock: { now(): number };
  readonly answerWaiting: (
    request: IncomingMessage,
    response: ServerResponse,
    standing: Standing,
    address: string,
  ) => void;
}

export interface LineVisit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path and query as requested, without our parameters. */
  readonly address: string;
  /** As shown. */
  readonly placeText: string | undefined;
  /** Whether the request is made to be held. */
  readonly isPatient: boolean;
  /** What the reader saw until they had to stand in line. */
  readonly preparing: Pick<PreparingPage, 'isOpen' | 'goTo'>;
}

/** Readers of a client leave the line at any time, so others of it may try again soon. */
const PLACES_RETRY_MS = 30_000;

export class ClaimsInLine {
  readonly #options: ClaimsInLineOptions;

  constructor(options: ClaimsInLineOptions) {
    this.#options = options;
  }

  /** Whether who comes now has to stand in line: all room there is belongs to others. */
  isBusy(): boolean {
    return this.#options.desk.owesAll();
  }

  /** Whether there is no room for who comes now. */
  isFull(): boolean {
    return this.#options.desk.isFull();
  }

  /** The place that a reader shows. */
  read(text: string | undefined): Place | undefined {
    return this.#options.desk.read(text);
  }

  /**
   * A sandbox for a reader with a place; undefined where they were answered: they wait, or their page has to go on.
   * @throws FleetError of a limit by client
   */
  async claim(visit: LineVisit, place: Place): Promise<Sandbox | undefined> {
    const { desk, limits } = this.#options;
    const { request, response, isPatient } = visit;
    const client = limits.clientOf(request);
    if (!desk.admits(client, place)) throw limitError('too-many-places', PLACES_RETRY_MS);
    if (!desk.isCharged(place)) {
      limits.arrive(request);
      desk.charge(place);
    }
    const mayHold = isPatient || !wantsPage(request);
    return this.#finish(visit, mayHold ? await desk.hold(place, client, response) : desk.ask(place, client));
  }

  /**
   * Puts a reader into the line.
   * @param isCharged whether they were counted as an arrival
   * @throws FleetError of a limit by client
   */
  async join(visit: LineVisit, isCharged: boolean): Promise<Sandbox | undefined> {
    const { desk, limits, clock } = this.#options;
    // Who has gone while a sandbox was looked for needs no place.
    if (visit.response.closed) return undefined;
    const arrivedAt = clock.now();
    const client = limits.clientOf(visit.request);
    if (!isCharged) limits.arrive(visit.request);
    if (!desk.admits(client, undefined)) throw limitError('too-many-places', PLACES_RETRY_MS);
    return this.#finish(visit, desk.give(arrivedAt, client));
  }

  async #finish(visit: LineVisit, end: LineEnd<Turn>): Promise<Sandbox | undefined> {
    const { request, response, address, preparing } = visit;
    const { desk, limits } = this.#options;
    const answerWaiting = (standing: Standing): void => {
      if (preparing.isOpen) preparing.goTo(withPlace(address, standing.place));
      else this.#options.answerWaiting(request, response, standing, address);
    };
    if (!(end instanceof Turn)) {
      answerWaiting(end);
      return undefined;
    }
    const isFirst = end.take();
    const keep = (): void => {
      desk.keep(end, limits.clientOf(request));
      end.end();
    };
    if (!isFirst || response.closed) {
      if (isFirst) keep();
      else answerWaiting(desk.line.standing(end.place));
      return undefined;
    }
    if (!wantsPage(request)) {
      // The page itself has to come: only a navigation shows whether its browser keeps the sandbox's key.
      keep();
      answerAdmitted(response, patiently(withPlace(address, end.place)));
      return undefined;
    }
    const sandbox = await this.#use(response).catch((error: unknown) => {
      keep();
      throw error;
    });
    if (sandbox === undefined) {
      keep();
      answerWaiting(desk.line.standing(end.place));
      return undefined;
    }
    end.end();
    response.once('close', () => {
      if (!response.headersSent) keep();
    });
    return sandbox;
  }

  #use(response: ServerResponse): Promise<Sandbox | undefined> {
    return this.#options.ticketClaims.withoutTicket(response, 'page', { isCharged: true });
  }
}
