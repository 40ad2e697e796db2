// Hands a sandbox over to a browser at the sandbox's own host: an address, good once, whose answer sets the cookie with the
// sandbox's key and redirects to the place that the reader asked for.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { cookieSchemeOf, isHttps } from '../../shared/http/cookies.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { ArrivalMarks } from '../ownership/arrival-marks.ts';
import { isNavigation, OneTimeCodes } from '../ownership/one-time-codes.ts';
import { hostKeyCookie, showsFinder, showsHostKey } from '../ownership/owner-cookies.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';
import { type Approach, SandboxDomain } from './sandbox-domain.ts';

/** `/.tmpfleet/open/<code>/<path in the sandbox>?<query>`: path and query go through as they are. */
export const HAND_OVER_PATH = '/.tmpfleet/open/';
const OPEN_PATH = /^\/\.tmpfleet\/open\/([0-9a-f]{32})\/(.*)$/s;

/** Longest time from our redirect to the next request of the same browser, ms. */
const REDIRECT_CODE_MS = 60_000;

export interface OwnOriginConfig {
  /** Not empty. */
  readonly sandboxDomain: string;
  readonly nodeId: string;
  readonly trustProxy: boolean;
  readonly frontUrl: string;
  readonly openUrls: boolean;
}

/** A place in a sandbox, as requested, byte for byte. */
export interface Place {
  /** Below `/user/<id>/`, without a slash at its beginning. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
}

export class OwnOrigin {
  readonly #config: OwnOriginConfig;
  readonly #table: Pick<SandboxTable, 'get'>;
  readonly #domain: SandboxDomain;
  readonly #codes: OneTimeCodes;
  readonly #marks: Pick<ArrivalMarks, 'addTo'>;

  /** @param marks for who arrives here in a frame */
  constructor(
    config: OwnOriginConfig,
    table: Pick<SandboxTable, 'get'>,
    clock: Pick<Clock, 'monotonic'>,
    marks: Pick<ArrivalMarks, 'addTo'>,
  ) {
    this.#marks = marks;
    this.#config = config;
    this.#table = table;
    this.#domain = new SandboxDomain(config.sandboxDomain);
    this.#codes = new OneTimeCodes(clock);
  }

  /** The id of the sandbox that a request's host is for, if there is one; undefined at the node's own name. */
  sandboxAt({ headers }: IncomingMessage): string | undefined {
    return this.#domain.labelOf(headers.host);
  }

  /** The origin of a sandbox, for a reader or a program that came to us by `request`. */
  originOf(id: string, request: IncomingMessage): string {
    return this.#domain.originOf(id, this.#approachOf(request));
  }

  /** Whether a sandbox with this id can have a host name. */
  canName(id: string): boolean {
    return this.#domain.canName(id);
  }

  /** Where new notebooks are opened, for a link on a page of ours; empty where that is the page's own host. */
  homeOf(request: IncomingMessage): string {
    if (this.#config.frontUrl !== '' || this.sandboxAt(request) === undefined) return this.#config.frontUrl;
    return this.#domain.apexOf(this.#approachOf(request));
  }

  /** The address that hands the sandbox over to the first browser that opens it within `lifeMs`. */
  handOverAddress(
    sandbox: Sandbox,
    place: Place,
    request: IncomingMessage,
    lifeMs = REDIRECT_CODE_MS,
  ): string {
    const query = place.query === '' ? '' : `?${place.query}`;
    const code = this.#codes.issue(sandbox, lifeMs);
    return `${this.originOf(sandbox.id, request)}${HAND_OVER_PATH}${code}/${place.path}${query}`;
  }

  /** The sandbox, if the browser claimed it, by its cookies at the node's own name. */
  findClaimed(id: string, request: IncomingMessage): Sandbox | undefined {
    const sandbox = this.#held(id);
    return sandbox !== undefined && showsFinder(request, sandbox, this.#config) ? sandbox : undefined;
  }

  /**
   * Answers a request at the host of the sandbox `id` if its address is one of hand-over.
   * @returns `refused` when it is one, but hands nothing over to this request: it is not answered yet
   */
  handOver(id: string, request: IncomingMessage, response: ServerResponse): 'done' | 'refused' | 'elsewhere' {
    const { path, query } = splitRequestTarget(request.url ?? '/');
    if (!path.startsWith(HAND_OVER_PATH)) return 'elsewhere';
    const [, code = '', rest = ''] = OPEN_PATH.exec(path) ?? [];
    const sandbox = this.#held(id);
    if (sandbox === undefined || !isNavigation(request)) return 'refused';
    const isGood = this.#codes.redeem(sandbox, code);
    // A browser that lost the answer asks again, and so does one that goes back.
    if (!isGood && !showsHostKey(request, sandbox, this.#config)) return 'refused';
    const marked = this.#config.openUrls ? query : this.#marks.addTo(query, sandbox, request);
    response.writeHead(302, {
      'set-cookie': hostKeyCookie(sandbox, cookieSchemeOf(request, this.#config.trustProxy)),
      // Always below the sandbox, on this host: never an address from outside.
      location: `/user/${id}/${rest}${marked === '' ? '' : `?${marked}`}`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-length': '0',
    });
    response.end();
    return 'done';
  }

  /** A sandbox that has ended. */
  forget(id: string): void {
    this.#codes.forget(id);
  }

  #held(id: string): Sandbox | undefined {
    const sandbox = this.#table.get(id);
    return sandbox !== undefined && isHeld(sandbox.state) ? sandbox : undefined;
  }

  #approachOf(request: IncomingMessage): Approach {
    return { host: request.headers.host, isSecure: isHttps(request, this.#config.trustProxy) };
  }
}
