// The readers who wait at other fronts, as those say it and nodes repeat it; and what this front says of its own.
import type { Clock } from '../../shared/clock.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import {
  HEAD,
  type LineClaim,
  LineClaims,
  MAX_ARRIVALS,
  signClaim,
} from '../../shared/protocol/line-claim.ts';
import type { NodeView } from '../nodes/node-view.ts';

/** How long what a front said counts after that front fell silent: longer than it takes to start again. ms */
const CLAIM_LIFE_MS = 10_000;
/** A claim that is younger is sent again as it is. ms */
const RENEW_MS = 250;
/** After the last reader has gone, the front still says so for this long, so that other fronts do not wait for it. ms */
const EMPTY_MS = 15_000;

export interface OtherFrontsOptions {
  readonly keys: FleetKeys;
  /** This front's redirector id and boot. */
  readonly redirector: string;
  readonly boot: string;
  readonly clock: Clock;
}

/** Who waits here. */
export interface OwnLine {
  readonly size: number;
  /** When they arrived, as `LineClaim` gives them. */
  readonly arrivals: readonly number[];
}

export class OtherFronts {
  readonly #options: OtherFrontsOptions;
  readonly #claims: LineClaims;
  readonly #front: string;
  #said: { readonly text: string | undefined; readonly at: number } | undefined;
  #emptySince = Number.NEGATIVE_INFINITY;

  constructor(options: OtherFrontsOptions) {
    this.#options = options;
    this.#front = `${options.redirector}~${options.boot}`;
    this.#claims = new LineClaims(options.keys.orderVerifiers(), CLAIM_LIFE_MS);
  }

  /** Takes what a node's last report repeats. */
  report({ stats }: NodeView): void {
    const now = this.#options.clock.now();
    for (const text of stats?.fleet?.lines ?? [])
      if (!text.startsWith(`1~${this.#front}~`)) this.#claims.take(text, now);
  }

  /**
   * Whether a reader who arrived before this time waits at another front.
   * @param isOurs whether the reader who arrived then asks here by now, or was sent from here
   * @param heardMs only at fronts that were heard from within this time
   */
  hasEarlier(arrivedAt: number, isOurs: (arrivedAt: number) => boolean, heardMs?: number): boolean {
    const claims = this.#claims.at(this.#options.clock.now(), heardMs);
    return claims.some(({ arrivals }) => arrivals.some((each) => each < arrivedAt && !isOurs(each)));
  }

  /** About how many readers who arrived before this time wait at other fronts. */
  countAhead(arrivedAt: number): number {
    let ahead = 0;
    for (const claim of this.#current()) ahead += countBefore(claim, arrivedAt);
    return ahead;
  }

  get waiting(): number {
    return this.#current().reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** What this front says in its next poll; undefined where there is nothing to say. */
  say(ownLine: () => OwnLine): string | undefined {
    const { keys, clock } = this.#options;
    const now = clock.now();
    if (keys.orders === undefined) return undefined;
    if (this.#said !== undefined && Math.abs(now - this.#said.at) < RENEW_MS) return this.#said.text;
    const { size, arrivals } = ownLine();
    if (size > 0) this.#emptySince = now;
    const isSilent = now - this.#emptySince > EMPTY_MS;
    const claim = { front: this.#front, at: now, waiting: size, arrivals };
    this.#said = { text: isSilent ? undefined : signClaim(claim, keys.orders), at: now };
    return this.#said.text;
  }

  #current() {
    return this.#claims.at(this.#options.clock.now());
  }
}

/** Which readers of a line, by index, a claim has the arrivals of. */
export function indexesInClaim(size: number): readonly number[] {
  const head = Math.min(size, HEAD);
  const rest = size - head;
  const others = Math.min(rest, MAX_ARRIVALS - HEAD);
  return Array.from({ length: head + others }, (_, index) =>
    index < head ? index : head - 1 + Math.round(((index - head + 1) * rest) / others),
  );
}

/** About how many readers of a line arrived before a time. */
function countBefore({ waiting, arrivals }: Pick<LineClaim, 'waiting' | 'arrivals'>, time: number): number {
  const next = arrivals.findIndex((arrival) => arrival >= time);
  if (next === 0 || arrivals.length === 0) return 0;
  if (next < 0) return waiting;
  const indexes = indexesInClaim(waiting);
  const [before = 0, after = 0] = [indexes[next - 1], indexes[next]];
  const [earlier = time, later = time] = [arrivals[next - 1], arrivals[next]];
  const between = later === earlier ? 0 : (time - earlier) / (later - earlier);
  return Math.max(before + 1, Math.round(before + between * (after - before)));
}
