// Static files of an image, served to all readers of its sandboxes from the agent's memory (`--static-cache`): the same file is the
// same in each of them. A sandbox is still asked for all else, and for what is not here yet.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { ProbePlace } from '../engine/readiness.ts';
import type { SandboxTable } from '../sandboxes/table.ts';
import { type StaticAddress, staticAddress } from './address.ts';
import { answerFrom, asksSandbox, type StoredAnswer } from './answer.ts';
import { Compressor, isCompressible } from './codings.ts';
import type { Kept } from './keepable.ts';
import { Learner, type Outcome } from './learner.ts';
import { type Entry, findHeader, madeFrom, StaticStore } from './store.ts';

export type { StoredAnswer } from './answer.ts';

export interface StaticCacheOptions {
  /** Of all files, in all codings. */
  readonly maxBytes: number;
  readonly table: Pick<SandboxTable, 'all' | 'get'>;
  readonly place: Pick<ProbePlace, 'stripPrefix'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
}

/** Undefined where it is switched off. */
export function openStaticCache(
  { staticCacheBytes, stripPrefix }: Pick<NodeAgentConfig, 'staticCacheBytes' | 'stripPrefix'>,
  parts: Pick<StaticCacheOptions, 'table' | 'clock' | 'logger'>,
): StaticCache | undefined {
  if (staticCacheBytes === 0) return undefined;
  return new StaticCache({ ...parts, maxBytes: staticCacheBytes, place: { stripPrefix } });
}

/** Requests for addresses that may be learnt: `bypass` are those of readers who want their sandbox's own answer. */
export type Lookup = 'hit' | 'miss' | 'bypass';

/** Rising, except what is held now. */
export interface StaticCacheCounters {
  readonly lookups: Readonly<Record<Lookup, number>>;
  readonly learnt: Readonly<Record<Outcome, number>>;
  /** Bytes of bodies that readers got from here. */
  readonly servedBytes: number;
  readonly heldBytes: number;
  readonly heldFiles: number;
  /** Files that are being learnt, or wait for that. */
  readonly learning: number;
}

/** No file takes more than this part of the memory, nor more than `MAX_FILE_BYTES`. */
const SHARE_OF_ONE = 4;
const MAX_FILE_BYTES = 16 * 1024 ** 2;
/** What no sandbox is made from any more is dropped after this time: the next one of the same image may be starting. ms */
const UNSEEN_MS = 60_000;

export class StaticCache {
  readonly #options: StaticCacheOptions;
  readonly #store: StaticStore;
  readonly #learner: Learner;
  readonly #compressor = new Compressor();
  readonly #lookups: Record<Lookup, number> = { hit: 0, miss: 0, bypass: 0 };
  /** When a sandbox was last made from each, ms. */
  readonly #seenAt = new Map<string, number>();
  #servedBytes = 0;

  constructor(options: StaticCacheOptions) {
    const { maxBytes, table, place, clock, logger } = options;
    this.#options = options;
    this.#store = new StaticStore(maxBytes, () => clock.monotonic());
    this.#learner = new Learner({
      ...{ place, logger, sandboxes: () => table.all() },
      maxBytes: Math.min(MAX_FILE_BYTES, Math.floor(maxBytes / SHARE_OF_ONE)),
      keep: (origin, address, kept) => this.#keep(origin, address, kept),
    });
  }

  /**
   * The answer to a request that its sandbox's owner has made; undefined where the sandbox has to answer. What is missing is
   * learnt meanwhile, from others.
   * @param target the request target for the sandbox
   */
  answer(
    request: Pick<IncomingMessage, 'method' | 'headers'>,
    id: string,
    target: string,
  ): StoredAnswer | undefined {
    const address = staticAddress(id, target);
    if (address === undefined) return undefined;
    const { table, clock } = this.#options;
    const reader = table.get(id);
    if (reader === undefined || asksSandbox(request)) {
      this.#lookups.bypass += 1;
      return undefined;
    }
    const entry = this.#store.get(madeFrom(reader), address);
    const answer = entry && answerFrom(entry, request, { id, now: clock.monotonic() });
    this.#lookups[answer === undefined ? 'miss' : 'hit'] += 1;
    if (entry === undefined && request.method === 'GET') this.#learner.want(reader, address);
    if (request.method === 'GET') this.#servedBytes += answer?.body?.length ?? 0;
    return answer;
  }

  get counters(): StaticCacheCounters {
    return {
      lookups: this.#lookups,
      learnt: this.#learner.outcomes,
      servedBytes: this.#servedBytes,
      heldBytes: this.#store.bytes,
      heldFiles: this.#store.count,
      learning: this.#learner.underWay,
    };
  }

  /** A sandbox that has ended. */
  forget(id: string): void {
    this.#learner.forget(id);
  }

  /** Drops the files of images and recipes from which no sandbox is made any more. To be called now and then. */
  sweep(): void {
    if (this.#store.count === 0) return;
    const now = this.#options.clock.monotonic();
    for (const sandbox of this.#options.table.all()) this.#seenAt.set(madeFrom(sandbox), now);
    for (const [origin, at] of this.#seenAt) if (now - at > UNSEEN_MS) this.#seenAt.delete(origin);
    this.#store.keepOnly(this.#seenAt);
  }

  close(): void {
    this.#learner.close();
    this.#compressor.close();
  }

  #keep(origin: string, address: StaticAddress, { headers, body, freshMs }: Kept): void {
    const now = this.#options.clock.monotonic();
    const type = findHeader(headers, 'content-type') ?? '';
    const mayCompress = isCompressible(body.length, type, findHeader(headers, 'cache-control') ?? '');
    const entry: Entry = {
      ...{ headers, body, learntAt: now, until: now + freshMs, isCompressible: mayCompress },
    };
    this.#store.add(origin, address, entry);
    if (mayCompress) this.#compress(origin, address, entry);
  }

  #compress(origin: string, address: StaticAddress, entry: Entry): void {
    void this.#compressor
      .compress(entry.body, (coding, bytes) => {
        entry[coding] = bytes;
        this.#store.measureAgain(origin, address, entry);
      })
      .catch((error: unknown) => {
        this.#options.logger.warn(
          { path: address.path, error: describeError(error) },
          'cannot compress a static file',
        );
      });
  }
}
