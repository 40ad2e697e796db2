// A reader without a browser: follows redirects itself, keeps cookies per origin, sends the headers of a navigation.
import { request } from 'undici';

/** The fetch metadata of a browser whose user navigates a tab. */
export const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } as const;

export interface Landing {
  readonly status: number;
  /** Absolute address of the last answer. */
  readonly url: string;
  /** Every address on the way, the first included. */
  readonly way: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The sandbox's id, if the reader landed in one. */
  readonly sandbox: string | undefined;
}

export class Reader {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #headers: Readonly<Record<string, string>>;

  constructor(headers: Readonly<Record<string, string>> = { ...NAVIGATION, accept: 'text/html' }) {
    this.#headers = headers;
  }

  /** Clicks: up to ten redirects, then any answer. An address that matches `stopAt` is not requested. */
  async click(url: string, stopAt?: RegExp): Promise<Landing> {
    const way = [url];
    for (let hop = 0; hop < 10; hop += 1) {
      const here = way.at(-1) ?? url;
      const answer = await request(here, { headers: { ...this.#headers, cookie: this.#cookieFor(here) } });
      this.#keep(here, answer.headers['set-cookie']);
      const body = await answer.body.text();
      const location = answer.headers.location;
      const next = typeof location === 'string' ? new URL(location, here).href : undefined;
      const done = next === undefined || answer.statusCode < 300 || answer.statusCode >= 400;
      if (!done) way.push(next);
      if (done || stopAt?.test(next) === true) {
        const last = way.at(-1) ?? url;
        const sandbox = /\/user\/([^/]+)/.exec(new URL(last).pathname)?.[1];
        return { status: answer.statusCode, url: last, way, headers: answer.headers, body, sandbox };
      }
    }
    throw new Error(`too many redirects: ${way.join(' → ')}`);
  }

  #cookieFor(url: string): string {
    const jar = this.#cookies.get(new URL(url).origin);
    return jar === undefined ? '' : [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #keep(url: string, header: string | string[] | undefined): void {
    const { origin } = new URL(url);
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    for (const cookie of typeof header === 'string' ? [header] : (header ?? [])) {
      const [name, value] = (cookie.split(';', 1)[0] ?? '').split('=', 2);
      if (name !== undefined && value !== undefined) jar.set(name, value);
    }
  }
}
