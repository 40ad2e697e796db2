// The headers of a browser, so that a reader made by us passes for a person: fetch metadata says a navigation from a subresource
// (https://www.w3.org/TR/fetch-metadata/), and front and nodes decide by it.

/** What a request is for, as `Sec-Fetch-Dest` says it. */
export type Destination =
  | 'document'
  | 'iframe'
  | 'script'
  | 'style'
  | 'image'
  | 'font'
  | 'fetch'
  | 'websocket';

export type Site = 'none' | 'same-origin' | 'same-site' | 'cross-site';

export interface BrowserRequest {
  readonly destination: Destination;
  /** How the page that makes the request is related to its target; `none` for an address that a person typed. */
  readonly site: Site;
  /** Whether a person caused a navigation. */
  readonly isPressed?: boolean;
}

const AGENT = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 tmpfleet-load',
  'accept-language': 'en-GB,en;q=0.5',
};
const DOCUMENT = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

const ACCEPT: Readonly<Record<Destination, string>> = {
  document: DOCUMENT,
  iframe: DOCUMENT,
  script: '*/*',
  style: 'text/css,*/*;q=0.1',
  image: 'image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5',
  font: 'application/font-woff2;q=1.0,application/font-woff;q=0.9,*/*;q=0.8',
  fetch: 'application/json, */*',
  websocket: '*/*',
};

const MODES: Partial<Readonly<Record<Destination, string>>> = {
  document: 'navigate',
  iframe: 'navigate',
  font: 'cors',
  fetch: 'cors',
  websocket: 'websocket',
};

export function browserHeaders({
  destination,
  site,
  isPressed = false,
}: BrowserRequest): Record<string, string> {
  const mode = MODES[destination] ?? 'no-cors';
  const isNavigation = mode === 'navigate';
  return {
    ...AGENT,
    accept: ACCEPT[destination],
    'accept-encoding': 'gzip, deflate, br',
    ...(isNavigation ? { 'upgrade-insecure-requests': '1' } : {}),
    'sec-fetch-dest': destination === 'fetch' ? 'empty' : destination,
    'sec-fetch-mode': mode,
    'sec-fetch-site': site,
    ...(isNavigation && isPressed ? { 'sec-fetch-user': '?1' } : {}),
  };
}
