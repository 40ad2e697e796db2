// The static files of a page, as a browser fetches them: what the document names, and what its style sheets name. Those of other
// hosts are left out: they are not what is tested, and their owners did not ask for a load.
import { unescapeHtml } from '../../../shared/http/page.ts';
import type { Destination } from '../../../shared/reader/browser-headers.ts';
import type { Visit } from './visit.ts';
import type { Landing } from './walk.ts';

/** `light`: what the document names. `full`: what its style sheets name, too. */
export const PAGE_LOADS = ['none', 'light', 'full'] as const;
export type PageLoad = (typeof PAGE_LOADS)[number];

export interface Resource {
  /** Absolute. */
  readonly url: string;
  readonly destination: Destination;
}

/** A page that names more than this is not read further. */
const MOST_RESOURCES = 500;
const STYLE_DEPTH = 3;

/** What cannot be had is counted as an error, and the page goes on, as in a browser. */
export async function loadPage(visit: Visit, { url, text }: Landing, load: PageLoad): Promise<void> {
  if (load === 'none') return;
  const { origin } = new URL(url);
  const seen = new Set<string>();
  const fetchAll = async (resources: readonly Resource[], depth: number): Promise<void> => {
    const fresh = resources
      .filter((each) => !seen.has(each.url) && new URL(each.url).origin === origin)
      .slice(0, MOST_RESOURCES - seen.size);
    for (const each of fresh) seen.add(each.url);
    await Promise.all(
      fresh.map(async (resource) => {
        const reads = load === 'full' && resource.destination === 'style' && depth < STYLE_DEPTH;
        const style = await fetchResource(visit, resource, reads);
        if (reads) await fetchAll(resourcesOfStyle(style, resource.url), depth + 1);
      }),
    );
  };
  await fetchAll(resourcesOfPage(text, url), 0);
  visit.lap('static');
}

async function fetchResource(visit: Visit, { url, destination }: Resource, isRead: boolean): Promise<string> {
  try {
    const { status, text } = await visit.ask('static', url, { destination, site: 'same-origin', isRead });
    if (status >= 400) visit.note('static', `http-${status}`, `${url} answers ${status}`);
    return status < 400 ? text : '';
  } catch (error) {
    if (visit.leaving.aborted) return '';
    visit.note('static', 'no-answer', error instanceof Error ? error.message : String(error));
    return '';
  }
}

/** What an HTML document names, in its order. Scripts that would load more are not run. */
export function resourcesOfPage(document: string, page: string): readonly Resource[] {
  const html = document.replaceAll(/<!--.*?-->/gs, '');
  const [, base] = /<base\s[^>]*href=["']?([^"'\s>]+)/i.exec(html) ?? [];
  const from = base === undefined ? page : (absolute(unescapeHtml(base), page) ?? page);
  const found: (Resource | undefined)[] = [];
  for (const [, tag = '', attributes = ''] of html.matchAll(/<(script|link|img)\b([^>]*)>/gi)) {
    const given = attributesOf(attributes);
    if (/^script$/i.test(tag)) found.push(resource(given.src, from, 'script'));
    else if (/^img$/i.test(tag)) found.push(resource(given.src, from, 'image'));
    else found.push(resource(given.href, from, destinationOfLink(given)));
  }
  return distinct(found);
}

/** What a style sheet names. */
export function resourcesOfStyle(text: string, sheet: string): readonly Resource[] {
  const css = text.replaceAll(/\/\*.*?\*\//gs, '');
  const imports = [...css.matchAll(/@import\s+(?:url\()?["']?([^"')\s;]+)/gi)].map(([, url]) =>
    resource(url, sheet, 'style'),
  );
  const fonts = [...css.matchAll(FONT_FACE)].map(([face]) => {
    const named = urlsIn(face);
    // A browser takes the first format that it knows.
    const best = FONT_FORMATS.map((format) => named.find((url) => format.test(url))).find(
      (url) => url !== undefined,
    );
    return resource(best, sheet, 'font');
  });
  const images = urlsIn(css.replaceAll(FONT_FACE, ''))
    .filter((url) => !/\.css(?:[?#]|$)/i.test(url))
    .map((url) => resource(url, sheet, 'image'));
  return distinct([...imports, ...fonts, ...images]);
}

const FONT_FACE = /@font-face\s*\{[^}]*\}/gi;
const FONT_FORMATS = [/\.woff2(?:[?#]|$)/i, /\.woff(?:[?#]|$)/i, /\.(?:ttf|otf)(?:[?#]|$)/i];

function urlsIn(css: string): readonly string[] {
  return [...css.matchAll(/url\(\s*["']?([^"')\s]+)["']?\s*\)/gi)].map(([, url = '']) => url);
}

function destinationOfLink({ rel = '', as = '' }: Readonly<Record<string, string>>): Destination | undefined {
  const words = rel.toLowerCase().split(/\s+/);
  if (words.includes('stylesheet')) return 'style';
  if (words.includes('icon')) return 'image';
  if (words.includes('modulepreload')) return 'script';
  if (!words.includes('preload')) return undefined;
  return as === 'script' || as === 'style' || as === 'image' || as === 'font' ? as : 'fetch';
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g)];
  return Object.fromEntries(
    pairs.map(([, name = '', double, single, bare]) => [
      name.toLowerCase(),
      unescapeHtml(double ?? single ?? bare ?? '').replaceAll('&amp;', '&'),
    ]),
  );
}

function resource(
  address: string | undefined,
  from: string,
  destination: Destination | undefined,
): Resource | undefined {
  if (address === undefined || destination === undefined) return undefined;
  const url = absolute(address, from);
  return url === undefined ? undefined : { url, destination };
}

/** Undefined for what a browser fetches from nowhere: `data:`, `blob:` and what is no address. */
function absolute(address: string, from: string): string | undefined {
  if (!URL.canParse(address, from)) return undefined;
  const url = new URL(address, from);
  url.hash = '';
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

function distinct(found: readonly (Resource | undefined)[]): readonly Resource[] {
  const byUrl = new Map<string, Resource>();
  for (const each of found) if (each !== undefined && !byUrl.has(each.url)) byUrl.set(each.url, each);
  return [...byUrl.values()];
}
