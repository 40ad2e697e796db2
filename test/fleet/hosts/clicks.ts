// A steady stream of new readers at the front, each of whom gets a sandbox and leaves again; each click is recorded.
import { setTimeout as delay } from 'node:timers/promises';
import { type Landing, Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';
import type { Front } from './front.ts';
import type { Host } from './host.ts';

/** Time before a reader reloads their browser's own error page (ms): no human is faster. */
const RELOAD_AFTER_MS = 1_000;
/** Poll interval (ms): more often, polling would be a good part of the load. */
const LEAVING_ASKS_MS = 200;
/** A browser follows twenty redirects; a click needs far fewer. */
const MAX_HOPS = 12;

export interface Met {
  /** Time of the click, by `performance.now()`. */
  readonly at: number;
  /** The node that the front sent the reader to first. */
  readonly node: string | undefined;
  /** Status of the last answer, after the reload when there was one. */
  readonly landing: Landing | undefined;
  /** The node's address did not answer: a browser shows its own error page, and the reader reloads. */
  readonly unreached: string | undefined;
  /** How often a node sent the reader back to the front. */
  readonly bounces: number;
  /** What a reader must never see: an error status, no answer from the front, or a reload that fails too. */
  readonly error: string | undefined;
  readonly ms: number;
}

export interface ClicksOptions {
  readonly front: Front;
  readonly perSecond: number;
  /** No new reader comes while this many are on their way or leaving. */
  readonly atOnce: number;
  readonly hosts: () => readonly Host[];
}

export class Clicks {
  readonly met: Met[] = [];
  readonly #options: ClicksOptions;
  readonly #open = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  readonly #stream: Promise<void>;
  #reloading = 0;

  constructor(options: ClicksOptions) {
    this.#options = options;
    this.#stream = this.#run();
  }

  /** Readers whom a node did not answer, and who have not reloaded yet. */
  get reloading(): number {
    return this.#reloading;
  }

  /** Stops new readers; resolves when every reader who clicked has arrived. */
  async stop(): Promise<readonly Met[]> {
    this.#ended.abort();
    await this.#stream;
    await Promise.all(this.#open);
    return this.met;
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      if (this.#open.size >= this.#options.atOnce) await Promise.race(this.#open);
      const click = this.#click().then(() => void this.#open.delete(click));
      this.#open.add(click);
      // The rate of the load, not a wait for a condition.
      await delay(1000 / this.#options.perSecond, undefined, this.#ended).catch(() => undefined);
    }
  }

  async #click(): Promise<void> {
    const at = performance.now();
    const reader = new Reader();
    const first = await this.#go(reader);
    const second = first.unreached === undefined ? undefined : await this.#reload(reader);
    const end = second ?? first;
    if (end.error !== undefined) {
      // The front's view of its nodes explains most failures.
      const nodes = await this.#options.front.nodes();
      process.stderr.write(`${end.error}\n  ${nodes.map((node) => JSON.stringify(node)).join('\n  ')}\n`);
    }
    this.met.push({
      at,
      node: first.node,
      landing: end.landing,
      unreached: first.unreached,
      bounces: first.bounces + (second?.bounces ?? 0),
      error: end.error ?? (second?.unreached === undefined ? undefined : `again ${second.unreached}`),
      ms: performance.now() - at,
    });
    if (end.landing !== undefined) await this.#leave(end.landing);
  }

  async #reload(reader: Reader): Promise<Gone> {
    this.#reloading += 1;
    try {
      await delay(RELOAD_AFTER_MS);
      return await this.#go(reader);
    } finally {
      this.#reloading -= 1;
    }
  }

  async #go(reader: Reader): Promise<Gone> {
    const front = this.#options.front.url;
    let here = `${front}/tree`;
    let node: string | undefined;
    let bounces = 0;
    const gone = (how: Partial<Gone>): Gone => ({
      ...{ node, bounces, landing: undefined, unreached: undefined, error: undefined },
      ...how,
    });
    // One hop at a time, so that a missing answer has an address.
    for (let hop = 0; hop < MAX_HOPS; hop += 1) {
      try {
        const landing = await reader.click(here, /./);
        if (landing.url === here) {
          if (landing.status === 200 && landing.sandbox !== undefined) return gone({ landing });
          const page = /<title>.*<\/title>/.exec(landing.body)?.[0] ?? landing.body.slice(0, 200);
          return gone({ error: `${landing.status} at ${here}: ${page}` });
        }
        here = landing.url;
        if (here.startsWith(front)) bounces += 1;
        else node ??= new URL(here).origin;
      } catch (cause) {
        const reason = `${describe(cause)} at ${here}`;
        return gone(here.startsWith(front) ? { error: reason } : { unreached: reason });
      }
    }
    return gone({ error: `sent around without end, last to ${here}` });
  }

  /**
   * Gives the sandbox back by the control API: tiny-server has no button for it. The reader has left once it is gone,
   * so that a busy machine, slow to remove sandboxes, gets no more requests than it can handle.
   */
  async #leave({ url, sandbox }: Landing): Promise<void> {
    const host = this.#options.hosts().find((each) => url.startsWith(each.url));
    if (host === undefined) throw new Error(`no host of ours: ${url}`);
    // Repeated until it is done: the agent may have been killed before it did it.
    await until(
      `the sandbox at ${url} is gone`,
      async () => {
        const answer = await host.control('DELETE', `/api/sandboxes/${sandbox}`);
        if (answer.status === 404) return true;
        await delay(LEAVING_ASKS_MS);
        return false;
      },
      120_000,
    );
  }
}

type Gone = Omit<Met, 'at' | 'ms'>;

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause ? `${String(cause.code)} (${cause.message})` : cause.message;
}
