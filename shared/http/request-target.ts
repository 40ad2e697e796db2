// The request target (RFC 9112 §3.2): path and raw query, byte for byte.
import type { IncomingMessage } from 'node:http';

export interface RequestTarget {
  /** Begins with one slash. */
  readonly path: string;
  /** Without `?`; empty where there is none. */
  readonly query: string;
}

const SLASH = 47;
/** Scheme and authority of a target in absolute form. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i;

/**
 * Splits a request target at its first `?`. Leading slashes become one slash, and the authority of an absolute-form target
 * (RFC 9112 §3.2.2) is left out: neither may become the address that a reader is sent to.
 */
export function splitRequestTarget(target: string): RequestTarget {
  // Nearly every target begins with a slash; the pattern need not run for those.
  const local = target.charCodeAt(0) === SLASH ? target : target.replace(ABSOLUTE_FORM, '');
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? '' : local.slice(mark + 1);
  if (path.charCodeAt(0) === SLASH && path.charCodeAt(1) !== SLASH) return { path, query };
  return { path: `/${path.replace(/^\/+/, '')}`, query };
}

/** The reverse of `splitRequestTarget`; an empty query loses its question mark. */
export function joinRequestTarget({ path, query }: RequestTarget): string {
  return query === '' ? path : `${path}?${query}`;
}

/**
 * Rewrites a request in absolute form (`GET http://h/x`), which every server must accept (RFC 9112 §3.2.2), to origin form: the
 * path goes into `request.url`, and the authority replaces `Host`, which it overrides.
 */
export function useOriginForm(request: IncomingMessage): void {
  const { url = '', rawHeaders, headers } = request;
  const [origin = '', authority = ''] = ABSOLUTE_FORM.exec(url) ?? [];
  if (authority === '' || authority.includes('@')) return;
  const rest = url.slice(origin.length);
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  headers.host = authority;
  const names = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [name.toLowerCase()] : []));
  for (const [index, name] of names.entries()) if (name === 'host') rawHeaders[index * 2 + 1] = authority;
  if (!names.includes('host')) rawHeaders.push('Host', authority);
}
