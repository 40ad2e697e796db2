// The sites that may show notebooks in a frame, as a front and its nodes name them (`--embed-origins`).

/** Also `https://*.example.org` and `https://example.org:*`, as in a `frame-ancestors` directive. Nothing in it may end the directive. */
export const EMBED_ORIGIN = /^(?:\*|https?:\/\/(?:\*\.)?[A-Za-z0-9.-]+(?::(?:\d{1,5}|\*))?)$/;

/** Most origins of one fleet: they are in every response. */
export const MAX_EMBED_ORIGINS = 64;

/** How an origin is listed: by itself, by a pattern that others match, too, or not at all. */
export type Listing = 'listed' | 'matched' | 'unlisted';

/**
 * @param origin as browsers write it: `https://www.example-journal.org`, lower case, without a default port
 * @param list as in `--embed-origins`; matched as a browser matches it (CSP Level 3 §6.7.2.8)
 */
export function findEmbedOrigin(origin: string, list: readonly string[]): Listing {
  if (list.some((pattern) => pattern.toLowerCase() === origin)) return 'listed';
  return list.some((pattern) => matches(origin, pattern)) ? 'matched' : 'unlisted';
}

const PARTS = /^(https?):\/\/([^/:]+)(?::(\d{1,5}|\*))?$/;

function matches(origin: string, pattern: string): boolean {
  const [, scheme, host = '', port = ''] = PARTS.exec(origin) ?? [];
  if (scheme === undefined) return false;
  if (pattern === '*') return true;
  const [, wantedScheme, wantedHost = '', wantedPort = ''] = PARTS.exec(pattern.toLowerCase()) ?? [];
  const isHost = wantedHost.startsWith('*.') ? host.endsWith(wantedHost.slice(1)) : host === wantedHost;
  return scheme === wantedScheme && isHost && (wantedPort === '*' || port === wantedPort);
}

export const isEmbedOrigin = (text: string): boolean => text.length <= 255 && EMBED_ORIGIN.test(text);
