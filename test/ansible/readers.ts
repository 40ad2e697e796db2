// Readers of a provisioned fleet: by its names and by TLS, as their browsers would come.
import type { LookupFunction } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import type { DebianLab } from '../lab/debian/host.ts';
import { type Landing, Reader } from '../support/reader.ts';

/** The options that `Reader` and `Jupyter` need to reach the lab's hosts. */
export interface Route {
  readonly ca: string;
  readonly lookup: LookupFunction;
}

/** Resolves the lab's names, and those of sandboxes below them, which no name server and no /etc/hosts of this machine has. */
export function routeTo({ hosts }: DebianLab, ca: string): Route {
  const lookup: LookupFunction = (name, options, callback) => {
    const address = (hosts.get(name) ?? hosts.get(name.replace(/^[^.]*\./, '')))?.address;
    if (address === undefined) return callback(new Error(`no host of the lab is called ${name}`), '', 4);
    if (options.all === true) return callback(null, [{ address, family: 4 }]);
    callback(null, address, 4);
  };
  return { ca, lookup };
}

/** Routes undici's requests of this process to the lab; returns a function that undoes it. */
export function takeRoute({ ca, lookup }: Route): () => Promise<void> {
  const before = getGlobalDispatcher();
  const agent = new Agent({ connect: { ca, lookup } });
  setGlobalDispatcher(agent);
  return async () => {
    setGlobalDispatcher(before);
    await agent.destroy();
  };
}

/** New readers, one after another: each opens the notebook and leaves. */
export class Stream {
  readonly landings: Landing[] = [];
  readonly errors: string[] = [];
  readonly #ended = new AbortController();
  readonly #done: Promise<void>;

  constructor(url: string, everyMs: number) {
    this.#done = this.#run(url, everyMs);
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#done;
  }

  /** The next reader comes after the last one landed, and not before their time: a busy machine gets less load. */
  async #run(url: string, everyMs: number): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const pace = delay(everyMs, undefined, { signal: this.#ended.signal }).catch(() => undefined);
      await Promise.all([this.#click(url), pace]);
    }
  }

  async #click(url: string): Promise<void> {
    try {
      const landing = await new Reader().click(url);
      if (landing.status === 200 && landing.sandbox !== undefined) this.landings.push(landing);
      else this.errors.push(`${landing.status} at ${landing.url}: ${landing.body.slice(0, 300)}`);
    } catch (error) {
      this.errors.push(String(error));
    }
  }
}
