// Limits how often one client asks for a new sandbox. Runs for each redirect, so it costs a lookup and no timer.
import { type ClientAddressConfig, type ClientRequest, createClientAddress } from './client-address.ts';
import { exemption, type LimitConfig } from './limit-options.ts';
import { TokenBuckets } from './token-buckets.ts';

export interface ArrivalOptions {
  readonly config: LimitConfig & ClientAddressConfig;
  /** ms, monotonic */
  readonly now: () => number;
}

export class ArrivalLimit {
  readonly #now: () => number;
  readonly #clientAddress: (request: ClientRequest) => string;
  readonly #isExempt: (client: string) => boolean;
  readonly #config: Pick<LimitConfig, 'clientArrivals'>;
  #rate: LimitConfig['clientArrivals'] | undefined;
  #buckets: TokenBuckets | undefined;
  /** Arrivals that were refused. */
  refused = 0;

  constructor({ config, now }: ArrivalOptions) {
    this.#now = now;
    this.#clientAddress = createClientAddress(config);
    this.#isExempt = exemption(config);
    this.#config = config;
  }

  clientOf(request: ClientRequest): string {
    return this.#clientAddress(request);
  }

  isExempt(client: string): boolean {
    return this.#isExempt(client);
  }

  /** Counts an arrival. @returns 0 when it is admitted; else ms until one will be */
  admit(client: string): number {
    const { clientArrivals } = this.#config;
    // After a reload all clients begin with a full bucket.
    if (clientArrivals !== this.#rate) this.#setRate(clientArrivals);
    if (this.#buckets === undefined) return 0;
    const wait = this.#buckets.take(client, this.#now());
    if (wait === 0) return 0;
    // Looked up last: few arrivals get here, and a lookup among ranges costs more than the bucket.
    if (this.#isExempt(client)) return 0;
    this.refused += 1;
    return wait;
  }

  #setRate(rate: LimitConfig['clientArrivals']): void {
    this.#rate = rate;
    this.#buckets = rate.count === 0 ? undefined : new TokenBuckets(rate);
  }
}
