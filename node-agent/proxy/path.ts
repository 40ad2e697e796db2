// Whose sandbox a request target is for. Bytes are passed on as they came; only what could climb out is refused.

export interface SandboxPath {
  readonly id: string;
  /** The request target for the sandbox, query and all; undefined when the slash after the id is missing. */
  readonly target: string | undefined;
  /** With its `?`, or empty. */
  readonly query: string;
}

const UNDER_USER = /^\/+user\/+([^/?]*)(\/*)([^?]*)(\?.*)?$/s;
/** `..` as a whole segment, whichever of its dots and slashes are escaped. */
const CLIMBS = /(?:[\\/]|%2f|%5c)(?:\.|%2e){2}(?=$|[\\/]|%2f|%5c)/i;
const BROKEN_ESCAPE = /%(?![0-9a-f]{2})/i;
/** No browser sends these unescaped, and servers disagree about what they mean. */
const AMBIGUOUS = /[\\#]/;

/** `elsewhere` is not under /user/. The id is not decoded: it is matched as it stands. */
export function parseSandboxPath(url: string): SandboxPath | 'elsewhere' | 'malformed' {
  const match = UNDER_USER.exec(url);
  if (match === null) return 'elsewhere';
  const [, id = '', slash = '', rest = '', query = ''] = match;
  const path = query === '' ? url : url.slice(0, url.length - query.length);
  if (AMBIGUOUS.test(path)) return 'malformed';
  if ((path.includes('%') || path.includes('..')) && (BROKEN_ESCAPE.test(path) || CLIMBS.test(path))) {
    return 'malformed';
  }
  return { id, target: slash === '' ? undefined : `/user/${id}/${rest}${query}`, query };
}
