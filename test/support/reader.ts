// A reader without a browser: follows redirects itself, keeps cookies per origin and path, sends the headers of a navigation.
import { request } from 'undici';
import { nextOf } from '../../shared/pages/preparing-page.ts';
import { CookieJar } from '../../shared/reader/cookie-jar.ts';
import { dispatcherFor } from '../../shared/reader/localhost.ts';
import { MAX_HOPS } from '../../shared/reader/way.ts';

/** The fetch metadata of a browser whose user navigates a tab. */
export const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } as const;

export interface Landing {
  readonly status: number;
  /** Absolute address of the last answer. */
  readonly url: string;
  /** Every address on the way, the first included. */
  readonly way: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** What the reader's browser sends to that sandbox; for requests made apart from the reader. */
  readonly own: { readonly cookie: string };
  readonly body: string;
  /** The sandbox's id, if the reader landed in one. */
  readonly sandbox: string | undefined;
}

export class Reader {
  readonly #jar = new CookieJar();
  readonly #headers: Readonly<Record<string, string>>;

  constructor(headers: Readonly<Record<string, string>> = { ...NAVIGATION, accept: 'text/html' }) {
    this.#headers = headers;
  }

  /** Clicks: as many redirects as browsers follow, then any answer. An address that matches `stopAt` is not requested. */
  async click(url: string, stopAt?: RegExp): Promise<Landing> {
    const way = [url];
    for (let hop = 0; hop < MAX_HOPS; hop += 1) {
      const here = way.at(-1) ?? url;
      const headers = { ...this.#headers, cookie: this.cookieFor(here) };
      const answer = await request(here, { headers, ...dispatcherFor(here) });
      this.#jar.keep(here, answer.headers['set-cookie']);
      const body = await answer.body.text();
      const { location } = answer.headers;
      const isRedirect = answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string';
      const address = isRedirect ? location : nextOf(body);
      const next = address === undefined ? undefined : new URL(address, here).href;
      const done = next === undefined;
      if (!done) way.push(next);
      if (done || stopAt?.test(next) === true) {
        const last = way.at(-1) ?? url;
        const sandbox = /\/user\/([^/]+)/.exec(new URL(last).pathname)?.[1];
        const own = { cookie: this.cookieFor(new URL(`/user/${sandbox ?? ''}/`, last).href) };
        return { status: answer.statusCode, url: last, way, headers: answer.headers, own, body, sandbox };
      }
    }
    throw new Error(`too many redirects: ${way.join(' → ')}`);
  }

  /** The `Cookie` header for an address: the reader's own, then what they always send. */
  cookieFor(url: string): string {
    return [this.#jar.headerFor(url), this.#headers.cookie ?? ''].filter((part) => part !== '').join('; ');
  }
}
