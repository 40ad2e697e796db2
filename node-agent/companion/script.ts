// The script of the companion, and the element that puts it into a sandbox's pages. The script is the same for all readers of
// one language, and may be cached for a year under the version of its content.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerError } from '../../shared/http/answer.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { COMPANION_WORDS } from '../../shared/words/companion.ts';
import { LANGUAGES, type Language, languageOf } from '../../shared/words/language.ts';
import type { PageTail } from '../proxy/page-tail.ts';

/** At every host of the node: beside its pages, and at the host of each sandbox. */
export const SCRIPT_PATH = '/.tmpfleet/companion.js';

/** Compiled for browsers. From the source, as in tests, they are where the build puts them. */
const CLIENT = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/node-agent/companion/client/' : './client/',
  import.meta.url,
);
/** Parts of one classic script, in order. */
const PARTS = ['storage.js', 'warnings.js', 'link.js', 'panel.js', 'page.js', 'times.js', 'companion.js'];
const HOUR_S = 3_600;
const YEAR_S = 31_536_000;
const VERSION_CHARACTERS = 12;

export class CompanionScript {
  #bodies: ReadonlyMap<Language, Buffer> | undefined;
  #version = '';

  /** The element for the pages of one sandbox. @param id of a sandbox: letters and digits */
  tailFor(id: string): PageTail {
    this.#load();
    const version = this.#version;
    const html = `\n<script src="${SCRIPT_PATH}?v=${version}" data-base="/user/${id}/" async></script>\n`;
    return { html, version };
  }

  /** Answers a request for the script; false for any other. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '', method, headers } = request;
    if (!url.startsWith(SCRIPT_PATH)) return false;
    const { path, query } = splitRequestTarget(url);
    if (path !== SCRIPT_PATH) return false;
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      answerError(response, 'method-not-allowed', 'this is a script');
      return true;
    }
    const language = languageOf(headers['accept-language']);
    const body = this.#load().get(language) ?? Buffer.alloc(0);
    const etag = `"${this.#version}-${language}"`;
    const isKnown = headers['if-none-match'] === etag;
    response.writeHead(isKnown ? 304 : 200, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': `public, max-age=${query === `v=${this.#version}` ? `${YEAR_S}, immutable` : HOUR_S}`,
      etag,
      vary: 'Accept-Language',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      ...(isKnown ? {} : { 'content-length': body.length }),
    });
    response.end(isKnown || method === 'HEAD' ? undefined : body);
    return true;
  }

  #load(): ReadonlyMap<Language, Buffer> {
    if (this.#bodies !== undefined) return this.#bodies;
    // Their indentation is a tenth of what a reader loads.
    const client = PARTS.map((part) => readFileSync(new URL(part, CLIENT), 'utf8'))
      .join('')
      .replace(/^ +/gm, '');
    this.#bodies = new Map(
      LANGUAGES.map((language) => {
        const given = `const LANGUAGE = "${language}";\nconst WORDS = ${JSON.stringify(COMPANION_WORDS[language])};\n`;
        return [language, Buffer.from(`(() => {\n"use strict";\n${given}${client}})();\n`)];
      }),
    );
    const hash = createHash('sha256');
    for (const body of this.#bodies.values()) hash.update(body);
    this.#version = hash.digest('hex').slice(0, VERSION_CHARACTERS);
    return this.#bodies;
  }
}
