// GET /embed.js: the script for a publisher's page, which puts a button there and opens a notebook in a lightbox.
//
// Pages are cached for years and the script is not: under its bare address a browser asks again after an hour, and gets 304.
// An address with the version of its content (`/embed.js?v=…`) may be kept for a year, while this front still has that version.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type Router from '@koa/router';
import { type Brand, OWN_BRAND } from '../../shared/brand/brand.ts';
import { LANGUAGES } from '../../shared/words/language.ts';

export const EMBED_PATH = '/embed.js';

/** Compiled for browsers. From the source, as in tests, they are where the build puts them. */
const CLIENT = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/redirector/embed/client/' : './client/',
  import.meta.url,
);
/** Parts of one classic script, in order. */
const PARTS = ['lightbox.js', 'embed.js'];
const HOUR_S = 3_600;
const YEAR_S = 31_536_000;
const VERSION_CHARACTERS = 12;

export interface EmbedScript {
  readonly body: Buffer;
  /** Of its content. */
  readonly version: string;
  /** For the attribute `integrity` (https://www.w3.org/TR/SRI/). */
  readonly integrity: string;
}

/** The script as the front serves it: the words of every language, then the compiled client, in one scope of its own. */
export function readEmbedScript(brand = OWN_BRAND): EmbedScript {
  const client = PARTS.map((part) => readFileSync(new URL(part, CLIENT), 'utf8')).join('');
  const words = Object.fromEntries(LANGUAGES.map((language) => [language, brand.wordsIn(language).embed]));
  const body = Buffer.from(
    `(() => {\n"use strict";\nconst WORDS = ${JSON.stringify(words)};\n${client}})();\n`,
  );
  return { body, ...identify(body) };
}

export function identify(body: Buffer): Pick<EmbedScript, 'version' | 'integrity'> {
  const digest = createHash('sha384').update(body);
  const hash = digest.digest();
  return {
    version: hash.toString('hex').slice(0, VERSION_CHARACTERS),
    integrity: `sha384-${hash.toString('base64')}`,
  };
}

export function serveEmbedScript(router: Router, brand: Brand): void {
  let script: EmbedScript | undefined;
  router.get(EMBED_PATH, (context) => {
    script ??= readEmbedScript(brand);
    const { body, version } = script;
    const isVersioned = context.query.v === version;
    context.set({
      'Cache-Control': isVersioned
        ? `public, max-age=${YEAR_S}, immutable`
        : `public, max-age=${HOUR_S}, stale-while-revalidate=${24 * HOUR_S}`,
      ETag: `"${version}"`,
      // Any page may load it, with `crossorigin` for its integrity, too. It contains nothing of a reader.
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'X-Content-Type-Options': 'nosniff',
    });
    context.type = 'text/javascript; charset=utf-8';
    context.body = body;
    context.status = 200;
    if (context.fresh) context.status = 304;
  });
}
