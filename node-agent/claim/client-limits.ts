// What one client may claim at this node: how often, and how many sandboxes at a time. A reader who returns to their own
// sandbox, and a front that repeats a request, claim nothing, and so are never limited here.
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { OpenCounts } from '../../shared/collections/open-counts.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import type { ArrivalLimit } from '../../shared/limits/arrivals.ts';
import { limitError } from '../../shared/limits/client-refusal.ts';
import { CLIENT_HEADER, readClientHeader } from '../../shared/protocol/client-header.ts';
import { splitTicket } from '../../shared/protocol/ticket.ts';

/** Sandboxes end at any time, so a client at its limit may try again soon. */
const RETRY_AFTER_MS = 30_000;

export interface ClientLimitsOptions {
  readonly arrivals: ArrivalLimit;
  /** Most sandboxes of one client now; `Infinity` for no limit. The capacity may change. */
  readonly sandboxes: () => number;
  /** Of this node's tickets. */
  readonly keys: readonly KeyObject[];
}

/**
 * The value of `--client-sandboxes` as a number; a share is one sandbox at least.
 * @param option `10`, `75%`, or `0` for no limit
 */
export function sandboxesOfClient(option: string, capacity: number): number {
  if (option === '0') return Number.POSITIVE_INFINITY;
  if (!option.endsWith('%')) return Number(option);
  return Math.max(1, Math.floor((capacity * Number(option.slice(0, -1))) / 100));
}

/** A place among a client's sandboxes, before there is one. */
export interface Entry {
  /** The sandbox that the client got. */
  bind(id: string): void;
  /** No sandbox was to be had. */
  cancel(): void;
}

export class ClientLimits {
  readonly #options: ClientLimitsOptions;
  readonly #held: OpenCounts;
  /** What gives back the place of each sandbox. */
  readonly #places = new Map<string, () => void>();
  #refusedSandboxes = 0;

  constructor(options: ClientLimitsOptions) {
    this.#options = options;
    this.#held = new OpenCounts(options.sandboxes);
  }

  /** Counts an arrival. @throws FleetError `too-many-requests` */
  arrive(request: IncomingMessage): void {
    const wait = this.#options.arrivals.admit(this.clientOf(request));
    if (wait > 0) throw limitError('too-many-requests', wait);
  }

  /**
   * To be called before a claim.
   * @param isCharged whether the arrival was counted before: the reader has stood in line
   * @throws FleetError `too-many-requests`, `too-many-sandboxes`
   */
  enter(request: IncomingMessage, isCharged = false): Entry {
    const { arrivals } = this.#options;
    const client = this.clientOf(request);
    if (!isCharged) this.arrive(request);
    const leave = arrivals.isExempt(client) ? () => undefined : this.#held.open(client);
    if (leave === undefined) {
      this.#refusedSandboxes += 1;
      throw limitError('too-many-sandboxes', RETRY_AFTER_MS);
    }
    return { bind: (id) => void this.#places.set(id, leave), cancel: leave };
  }

  /** Refused claims by reason, rising. */
  get refused(): Readonly<Record<'arrivals' | 'sandboxes', number>> {
    return { arrivals: this.#options.arrivals.refused, sandboxes: this.#refusedSandboxes };
  }

  /** To be called when a sandbox has ended, or is unclaimed again. */
  forget(id: string): void {
    this.#places.get(id)?.();
    this.#places.delete(id);
  }

  /** A front that claims for a program names its client, signed together with the ticket. */
  clientOf(request: IncomingMessage): string {
    const header = request.headers[CLIENT_HEADER];
    if (typeof header === 'string') {
      const { ticket } = splitTicket(splitRequestTarget(request.url ?? '/').query);
      const named = ticket === undefined ? undefined : readClientHeader(header, ticket, this.#options.keys);
      if (named !== undefined) return named;
    }
    return this.#options.arrivals.clientOf(request);
  }
}
