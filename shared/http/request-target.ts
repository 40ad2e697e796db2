// The request target (RFC 9112 §3.2): path and raw query, byte for byte.

export interface RequestTarget {
  /** Begins with one slash. */
  readonly path: string;
  /** Without `?`; empty where there is none. */
  readonly query: string;
}

const SLASH = 47;

/**
 * Splits a request target at its first `?`. Leading slashes become one slash, and the authority of an absolute-form target
 * (RFC 9112 §3.2.2) is left out: neither may become the address that a reader is sent to.
 */
export function splitRequestTarget(target: string): RequestTarget {
  // Nearly every target begins with a slash; the pattern need not run for those.
  const local = target.charCodeAt(0) === SLASH ? target : target.replace(/^https?:\/\/[^/?]*/i, '');
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
