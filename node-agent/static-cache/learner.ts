// Learns files for the memory. Whatever a reader has had in hands may answer with anything, so only sandboxes are asked that this
// process has started and that nobody was given; and two of them have to give the same.

import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { Agent, request } from 'undici';
import { BoundedMap } from '../../shared/collections/bounded-map.ts';
import { describeError } from '../../shared/errors.ts';
import { readBytes } from '../../shared/http/read-body.ts';
import type { Logger } from '../../shared/logging.ts';
import { type ProbePlace, pathIn } from '../engine/readiness.ts';
import { isPristine, type Sandbox } from '../sandboxes/table.ts';
import { otherVersion, type StaticAddress } from './address.ts';
import { type Answer, judge, type Kept, type Refused } from './keepable.ts';
import { madeFrom } from './store.ts';

export interface LearnerOptions {
  /** Of this node, oldest first. */
  readonly sandboxes: () => readonly Sandbox[];
  readonly place: Pick<ProbePlace, 'stripPrefix'>;
  /** A larger file is not learnt. */
  readonly maxBytes: number;
  readonly keep: (origin: string, address: StaticAddress, kept: Kept) => void;
  readonly logger: Logger;
}

/** What came of an attempt; `later`: no other sandbox could be asked, or the one that was got a reader meanwhile. */
export type Outcome = 'kept' | 'refused' | 'failed' | 'later';

/** A page's files come at once; each is asked for in turn, so that readers' own requests go first. */
const CONCURRENT = 2;
const MAX_WAITING = 300;
/** One file, from the connection to the last byte. ms */
const ASK_MS = 10_000;
/** What may not be kept is not asked for again before this time. ms */
const REFUSED_MS = 600_000;
/** What a busy sandbox did not give in time may be had soon. ms */
const FAILED_MS = 60_000;
const MAX_REFUSED = 4_000;
/** Addresses that may be on their way, or may have been learnt in vain, for one sandbox's reader; a page has half as many. */
const MAX_FOR_ONE = 300;

/** What one sandbox gave: another has to give the same. */
interface Candidate {
  readonly from: string;
  readonly fingerprint: string;
  /** The version that it was asked for. */
  readonly version: string | undefined;
}

/** A connection of its own for each request: none is left from before a sandbox had a reader. */
const connections = new Agent({ pipelining: 0 });

export class Learner {
  readonly outcomes: Record<Outcome, number> = { kept: 0, refused: 0, failed: 0, later: 0 };
  readonly #options: LearnerOptions;
  readonly #limit = pLimit(CONCURRENT);
  readonly #underWay = new Set<string>();
  readonly #refused = new LRUCache<string, Refused | 'failed' | 'differs'>({
    max: MAX_REFUSED,
    ttl: REFUSED_MS,
  });
  readonly #candidates = new BoundedMap<string, Candidate>(MAX_REFUSED);
  /** By sandbox of a reader. */
  readonly #askedFor = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(options: LearnerOptions) {
    this.#options = options;
  }

  /** Learns a file that a reader has asked their sandbox for, some time later, unless there is a reason against it. */
  want(reader: Sandbox, address: StaticAddress): void {
    const origin = madeFrom(reader);
    const name = `${origin}\n${address.key}`;
    if (this.#closing.signal.aborted || this.#underWay.has(name) || this.#underWay.size >= MAX_WAITING)
      return;
    const count = this.#askedFor.get(reader.id) ?? 0;
    if (this.#refused.has(name) || count >= MAX_FOR_ONE) return;
    this.#underWay.add(name);
    this.#askedFor.set(reader.id, count + 1);
    void this.#limit(() => this.#learn(origin, address, name))
      .catch((error: unknown) => {
        const fields = { path: address.path, error: describeError(error) };
        this.#options.logger.warn(fields, 'a static file is not learnt');
        return 'failed' as const;
      })
      .then((outcome) => this.#settle(name, reader.id, outcome));
  }

  /** A sandbox that has ended. */
  forget(id: string): void {
    this.#askedFor.delete(id);
  }

  /** Files that are being learnt, or wait for that. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
    this.#limit.clearQueue();
  }

  #settle(name: string, reader: string, outcome: Outcome): void {
    this.outcomes[outcome] += 1;
    this.#underWay.delete(name);
    const count = this.#askedFor.get(reader);
    // What was in vain stays counted.
    if (count !== undefined && (outcome === 'kept' || outcome === 'later'))
      this.#askedFor.set(reader, count - 1);
  }

  async #learn(origin: string, address: StaticAddress, name: string): Promise<Outcome> {
    for (;;) {
      const before = this.#candidates.get(name);
      const sandbox = this.#choose(origin, before?.from);
      if (sandbox === undefined) return 'later';
      const version = before?.version === undefined ? address.version : otherVersion(before.version);
      const answer = await this.#ask(sandbox, address, version);
      // A reader may have had a hand in what came last.
      if (!isPristine(sandbox)) return 'later';
      const judged = answer === undefined ? 'failed' : judge(answer, address, sandbox);
      if (typeof judged === 'string') return this.#refuse(name, address, judged);
      const { fingerprint } = judged;
      if (before === undefined) this.#candidates.set(name, { from: sandbox.id, fingerprint, version });
      else if (before.fingerprint !== fingerprint) return this.#refuse(name, address, 'differs');
      else {
        this.#candidates.delete(name);
        this.#options.keep(origin, address, judged);
        return 'kept';
      }
    }
  }

  #refuse(name: string, { path }: StaticAddress, why: Refused | 'failed' | 'differs'): Outcome {
    this.#candidates.delete(name);
    this.#refused.set(name, why, { ttl: why === 'failed' ? FAILED_MS : REFUSED_MS });
    this.#options.logger.debug({ path, why }, 'a static file is left to its sandboxes');
    return why === 'failed' ? 'failed' : 'refused';
  }

  /** The one that will be given out last. */
  #choose(origin: string, not: string | undefined): Sandbox | undefined {
    return this.#options
      .sandboxes()
      .findLast((each) => isPristine(each) && each.id !== not && madeFrom(each) === origin);
  }

  /** Undefined when there is no whole answer in time, or too long a one. */
  async #ask(
    sandbox: Sandbox,
    address: StaticAddress,
    version: string | undefined,
  ): Promise<Answer | undefined> {
    const { place, maxBytes } = this.#options;
    const { id, address: at } = sandbox;
    if (at === undefined) return undefined;
    const host = at.host.includes(':') ? `[${at.host}]` : at.host;
    const query = version === undefined ? address.query : `?v=${version}`;
    try {
      const { statusCode, headers, body } = await request(
        `http://${host}:${at.port}${pathIn(id, address.path, place)}${query}`,
        {
          dispatcher: connections,
          // As nobody: what is shown to all is no one's own, and Jupyter gives cookies to whom it knows.
          headers: { accept: '*/*', 'accept-encoding': 'identity' },
          signal: AbortSignal.any([AbortSignal.timeout(ASK_MS), this.#closing.signal]),
        },
      );
      if (statusCode !== 200) {
        body.on('error', () => undefined).destroy();
        return { status: statusCode, headers, body: Buffer.alloc(0) };
      }
      return {
        status: statusCode,
        headers,
        body: await readBytes(body, { bytes: maxBytes, what: 'a static file' }),
      };
    } catch {
      return undefined;
    }
  }
}
