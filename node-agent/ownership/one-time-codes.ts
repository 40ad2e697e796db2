// Codes in addresses that are good once, for one claim of a sandbox: to hand it over to a browser, or to mark a browser's
// arrival. Kept in memory: after a restart of the agent they are void.
import { type Clock, newNonce } from '../../shared/clock.ts';
import { recognizeVisitor, type VisitorRequest } from '../../shared/http/visitor.ts';

/** Unused codes of one sandbox; more are asked for only by a reader who reloads and never arrives. The oldest goes. */
const MAX_CODES = 8;

/** The sandbox as it was claimed: a claim that was taken back, and its codes with it, had another key. */
export interface Claimed {
  readonly id: string;
  readonly key: string | undefined;
}

interface Code {
  readonly key: string | undefined;
  /** ms, monotonic */
  readonly expires: number;
}

export class OneTimeCodes {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** The unused codes of each sandbox, oldest first. */
  readonly #codes = new Map<string, Map<string, Code>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** @param lifeMs how long the code is valid */
  issue({ id, key }: Claimed, lifeMs: number): string {
    const code = newNonce();
    const codes = this.#codes.get(id) ?? new Map<string, Code>();
    this.#codes.set(id, codes);
    for (const oldest of codes.keys()) {
      if (codes.size < MAX_CODES) break;
      codes.delete(oldest);
    }
    codes.set(code, { key, expires: this.#clock.monotonic() + lifeMs });
    return code;
  }

  /** True once for each code, for the claim that it was issued for, before it expires. */
  redeem({ id, key }: Claimed, code: string): boolean {
    const codes = this.#codes.get(id);
    const found = codes?.get(code);
    if (codes === undefined || found === undefined) return false;
    codes.delete(code);
    return key !== undefined && found.key === key && this.#clock.monotonic() < found.expires;
  }

  /** A sandbox that has ended. */
  forget(id: string): void {
    this.#codes.delete(id);
  }
}

/** Only a window or a frame that opens an address uses its code up: no preview, no prefetch, no script's request. */
export function isNavigation(request: VisitorRequest): boolean {
  const visitor = recognizeVisitor(request);
  if (request.method !== 'GET' || visitor === 'prefetch') return false;
  // Over plain http browsers do not say what a request is for.
  return visitor !== 'unknown' || request.headers['sec-fetch-mode'] === undefined;
}
