// What a reader sees whose sandbox takes a moment to start: a page that says so, and goes on by itself. It is the beginning of the
// answer to their click, whose end is the address to go to. So a reader who leaves closes it, and is not waited for.
//
// Its headers were sent before the sandbox was known, and with them the cookies. Hence that address has a code, good once, for
// which the next request gets the sandbox's key as any claim does.
import type { Context } from 'koa';
import type { Clock } from '../../shared/clock.ts';
import { beginPage, wantsPage } from '../../shared/http/answer.ts';
import { joinRequestTarget, type RequestTarget } from '../../shared/http/request-target.ts';
import type { VisitorRequest } from '../../shared/http/visitor.ts';
import { nextElement, preparingPage } from '../../shared/pages/preparing-page.ts';
import { ticketBehind } from '../../shared/protocol/ticket.ts';
import { isNavigation, OneTimeCodes } from '../ownership/one-time-codes.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';

/** Readers of warm sandboxes, and of most cold ones, do not see the page. */
const AFTER_MS = 1_000;

/** At the end of the query, so that what is before it stays as it is, byte for byte. */
const STARTED = /^(?:(.*)&)?tmpfleet-started=(?:([a-z0-9]+)\.([0-9a-f]{32})|no)$/s;

/** Longest time until a browser comes back whose sandbox has started. ms */
const COMES_BACK_MS = 60_000;

export interface Started {
  readonly id: string;
  readonly code: string;
}

/** Splits our code off a raw query (without `?`), leaving the reader's own bytes as they were. */
export function splitStarted(rawQuery: string): {
  readonly query: string;
  readonly started: Started | undefined;
  /** Whether the reader has seen the page, and no sandbox came of it. */
  readonly isInVain: boolean;
} {
  const found = STARTED.exec(rawQuery);
  if (found === null) return { query: rawQuery, started: undefined, isInVain: false };
  const [, query = '', id, code] = found;
  const started = id === undefined || code === undefined ? undefined : { id, code };
  return { query, started, isInVain: started === undefined };
}

/**
 * Where a reader goes on to for whom no sandbox came: only an answer of its own can tell them why. They do not see the page
 * again before it, or they would never come to the end. @param query without `?`
 */
export function addressInVain(visit: RequestTarget, ticket: string | undefined): string {
  const address = behind(visit, 'tmpfleet-started=no');
  return ticket === undefined ? address : address + ticketBehind('any', ticket);
}

function behind({ path, query }: RequestTarget, parameter: string): string {
  return joinRequestTarget({ path, query: query === '' ? parameter : `${query}&${parameter}` });
}

/** The sandboxes of readers who saw the page, until their browsers come back. */
export class StartedSandboxes {
  readonly #table: Pick<SandboxTable, 'get'>;
  readonly #codes: OneTimeCodes;

  constructor(table: Pick<SandboxTable, 'get'>, clock: Pick<Clock, 'monotonic'>) {
    this.#table = table;
    this.#codes = new OneTimeCodes(clock);
  }

  /** Where the reader's browser goes for it. @param query without `?` */
  addressOf(sandbox: Sandbox, visit: RequestTarget): string {
    return behind(visit, `tmpfleet-started=${sandbox.id}.${this.#codes.issue(sandbox, COMES_BACK_MS)}`);
  }

  /** The sandbox that a code stands for, once, for a browser that our page sent here: a link of somebody else gives nothing. */
  take(started: Started | undefined, request: VisitorRequest): Sandbox | undefined {
    const { 'sec-fetch-site': from = 'same-origin' } = request.headers;
    if (started === undefined || from !== 'same-origin' || !isNavigation(request)) return undefined;
    const sandbox = this.#table.get(started.id);
    return sandbox !== undefined && this.#codes.redeem(sandbox, started.code) ? sandbox : undefined;
  }

  /** A sandbox that has ended. */
  forget(id: string): void {
    this.#codes.forget(id);
  }
}

export class PreparingPage {
  readonly #context: Context;
  readonly #isSeen: boolean;
  #timer: NodeJS.Timeout | undefined;
  #end: ((element: string) => void) | undefined;
  #label = '';

  /** @param isSeen whether the reader has seen it: then they see it no more */
  constructor(context: Context, isSeen: boolean) {
    this.#context = context;
    this.#isSeen = isSeen;
  }

  /** Whether the reader sees the page: then all that is left to say is where they go. */
  get isOpen(): boolean {
    return this.#end !== undefined;
  }

  /** Resolves as `work` does; meanwhile, if that takes long, the reader sees the page. */
  async during<T>(work: Promise<T>): Promise<T> {
    const { req, method } = this.#context;
    if (wantsPage(req) && method !== 'HEAD' && !this.#isSeen)
      this.#timer = setTimeout(() => this.#open(), AFTER_MS);
    return work.finally(() => clearTimeout(this.#timer));
  }

  /** Ends the page, if it is open. @param address of this origin, or absolute */
  goTo(address: string): void {
    if (this.#context.res.writableEnded) return;
    this.#end?.(nextElement(address, this.#label));
  }

  #open(): void {
    const { res } = this.#context;
    if (res.headersSent || res.closed) return;
    // From here on we answer, not Koa.
    this.#context.respond = false;
    this.#end = beginPage(res, (edition) => {
      this.#label = edition.words.launch.open;
      return preparingPage(edition);
    });
  }
}
