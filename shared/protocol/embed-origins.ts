// The sites that may show notebooks in a frame, as a front and its nodes name them (`--embed-origins`).

/** Also `https://*.example.org` and `https://example.org:*`, as in a `frame-ancestors` directive. Nothing in it may end the directive. */
export const EMBED_ORIGIN = /^(?:\*|https?:\/\/(?:\*\.)?[A-Za-z0-9.-]+(?::(?:\d{1,5}|\*))?)$/;

/** Of an origin or a pattern, in characters. */
const LONGEST = 255;

/** Most origins of one fleet: they are in every response. */
export const MAX_EMBED_ORIGINS = 64;

/** How an origin is listed: by itself, by a pattern that others match, too, or not at all. */
export type Listing = 'listed' | 'matched' | 'unlisted';

/**
 * @param origin as browsers write it: `https://www.example-journal.org`, lower case, without a default port
 * @param list as in `--embed-origins`; matched as a browser matches it (CSP Level 3 §6.7.2.8)
 */
export function findEmbedOrigin(origin: string, list: readonly string[]): Listing {
  // Anybody may send any header: a long one is not compared with the whole list.
  const parts = origin.length > LONGEST ? null : PARTS.exec(origin);
  if (parts === null) return 'unlisted';
  if (list.some((pattern) => pattern.toLowerCase() === origin)) return 'listed';
  return list.some((pattern) => matches(parts, pattern)) ? 'matched' : 'unlisted';
}

const PARTS = /^(https?):\/\/([^/:]+)(?::(\d{1,5}|\*))?$/;

function matches([, scheme, host = '', port = '']: readonly string[], pattern: string): boolean {
  if (pattern === '*') return true;
  const [, wantedScheme, wantedHost = '', wantedPort = ''] = PARTS.exec(pattern.toLowerCase()) ?? [];
  const isHost = wantedHost.startsWith('*.') ? host.endsWith(wantedHost.slice(1)) : host === wantedHost;
  return scheme === wantedScheme && isHost && (wantedPort === '*' || port === wantedPort);
}

export const isEmbedOrigin = (text: string): boolean => text.length <= LONGEST && EMBED_ORIGIN.test(text);
