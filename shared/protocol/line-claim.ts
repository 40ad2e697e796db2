// What a front says of the readers who wait at it: who of them came first, and how many there are. It says so in each poll;
// nodes repeat the newest claim of each front in their reports. So every front knows whether readers who came earlier wait
// at another one, without a store that they share.
//
//   1~<redirector>~<boot>~<time>~<waiting>[~<arrival>…]~<signature>
//
// Numbers in base 36. The arrivals are those of the first readers in line, and then of some who are spread evenly over the rest
// of it, up to the last. Signed with the fronts' key of
// orders (Ed25519): nodes verify it with the public half, so that strangers cannot fill their reports, and fronts verify it
// again, so that a node cannot speak for a front.
import type { KeyObject } from 'node:crypto';
import { isSigned, signText } from './order.ts';
import { MAX_CLAIM_LENGTH, MAX_CLAIMS } from './wire.ts';

/** In lower case, as Node gives headers. */
export const LINE_HEADER = 'tmpfleet-line';

/** A claim that is older says nothing any more; the clocks of fronts and nodes may differ by this, too. ms */
export const MAX_CLAIM_AGE_MS = 30_000;

/** How long a node repeats a claim of a front that says no more. ms */
export const LINE_CLAIM_LIFE_MS = 15_000;

/** The first readers in line, whose arrivals are in a claim one by one. */
export const HEAD = 8;
/** Most arrivals in a claim. */
export const MAX_ARRIVALS = 12;

const PURPOSE = 'tmpfleet line 1\n';
const SHAPE =
  /^(1~([A-Za-z0-9._-]{1,64}~[A-Za-z0-9._-]{1,64})~([0-9a-z]{8,9})~([0-9a-z]{1,5})((?:~[0-9a-z]{8,9}){0,12}))~([\w-]{86})$/;

export interface LineClaim {
  /** Names one start of one front. */
  readonly front: string;
  /** When it was made, on the front's clock, ms since 1970. */
  readonly at: number;
  /** Readers in line. */
  readonly waiting: number;
  /** When readers arrived, ms since 1970: the first HEAD, and then some spread evenly over the rest, up to the last. */
  readonly arrivals: readonly number[];
}

/** @param claim `front` as `<redirector>~<boot>` @param key the front's private key of orders */
export function signClaim({ front, at, waiting, arrivals }: LineClaim, key: KeyObject): string {
  const numbers = [at, waiting, ...arrivals.slice(0, MAX_ARRIVALS)].map((each) => each.toString(36));
  const text = ['1', front, ...numbers].join('~');
  return `${text}~${signText(PURPOSE, text, key)}`;
}

/** The claim as it reads, not verified; undefined for any other text. */
export function parseClaim(text: string): LineClaim | undefined {
  if (text.length > MAX_CLAIM_LENGTH) return undefined;
  const [, , front, at = '', waiting = '', arrivals = ''] = SHAPE.exec(text) ?? [];
  if (front === undefined) return undefined;
  return {
    front,
    at: Number.parseInt(at, 36),
    waiting: Number.parseInt(waiting, 36),
    arrivals: arrivals
      .split('~')
      .slice(1)
      .map((each) => Number.parseInt(each, 36)),
  };
}

/** Whether a front signed it. To be asked last: it costs about 0.1 ms. @param keys public ones of fronts */
export function isGenuineClaim(text: string, keys: readonly KeyObject[]): boolean {
  const [, body, , , , , signature = ''] = SHAPE.exec(text) ?? [];
  return body !== undefined && isSigned({ purpose: PURPOSE, body, signature, keys });
}

/** The newest claim of each front. Used by nodes, which repeat them, and by fronts, which read what nodes repeat. */
export class LineClaims {
  readonly #keys: readonly KeyObject[];
  readonly #life: number;
  /** By front; the one that changed last is last. */
  readonly #newest = new Map<
    string,
    { readonly claim: LineClaim; readonly text: string; readonly until: number }
  >();

  /** @param keys public ones of fronts; none: no claim counts @param lifeMs how long a claim counts if no newer one comes */
  constructor(keys: readonly KeyObject[], lifeMs: number) {
    this.#keys = keys;
    this.#life = lifeMs;
  }

  /** @param now ms since 1970 @returns whether it is genuine and newer than the last one of its front */
  take(text: string, now: number): boolean {
    const claim = parseClaim(text);
    if (claim === undefined || Math.abs(claim.at - now) > MAX_CLAIM_AGE_MS) return false;
    const known = this.#newest.get(claim.front);
    if (known !== undefined && known.claim.at >= claim.at) return false;
    if (!isGenuineClaim(text, this.#keys)) return false;
    this.#newest.delete(claim.front);
    this.#newest.set(claim.front, { claim, text, until: now + this.#life });
    for (const front of this.#newest.keys()) {
      if (this.#newest.size <= MAX_CLAIMS) break;
      this.#newest.delete(front);
    }
    return true;
  }

  /**
   * Those that count at this time.
   * @param now ms since 1970
   * @param newerThanMs only those that came within this time
   */
  at(now: number, newerThanMs = this.#life): readonly LineClaim[] {
    const oldest = now + this.#life - newerThanMs;
    return this.#current(now).flatMap(({ claim, until }) => (until >= oldest ? [claim] : []));
  }

  texts(now: number): readonly string[] {
    return this.#current(now).map(({ text }) => text);
  }

  #current(now: number) {
    for (const [front, { until }] of this.#newest) if (until < now) this.#newest.delete(front);
    return [...this.#newest.values()];
  }
}
