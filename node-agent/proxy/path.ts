// Paths on their way through: whose sandbox a request target is for, and what becomes of `/user/<id>` for a program that does not
// know its base path (`--strip-prefix`). Dot segments and backslashes are resolved as browsers do (WHATWG URL); what could climb out
// of the sandbox, by any server's reading, is refused. Everything else is passed on as it came.
import type { Address } from '../engine/engine.ts';

export interface SandboxPath {
  readonly id: string;
  /** The request target for the sandbox, with its query; undefined when the slash after the id is missing. */
  readonly target: string | undefined;
  /** With its `?`, or empty. */
  readonly query: string;
}

const UNDER_USER = /^\/+user\/+([^/?]*)(\/*)([^?]*)(\?.*)?$/s;
/** Something that is a dot segment, or that a server could take for one. */
const DOTS = /(?:^|[\\/]|%2f|%5c)(?:\.|%2e){1,2}(?=$|[\\/]|%2f|%5c)/i;
const DOT = /^(?:\.|%2e)$/i;
const DOT_DOT = /^(?:\.|%2e){2}$/i;
/** What ends a segment: for browsers and most servers; for some; for those that decode first. */
const SEPARATORS = [/\//, /[\\/]/, /\/|%2f/i, /[\\/]|%2f|%5c/i];

/** `elsewhere` is not under /user/. The id is not decoded: it is matched as it stands. */
export function parseSandboxPath(url: string): SandboxPath | 'elsewhere' | 'malformed' {
  const match = UNDER_USER.exec(url);
  if (match === null) return 'elsewhere';
  const [, rawId = '', slash = '', rawRest = '', query = ''] = match;
  let [id, rest, hasSlash] = [rawId, rawRest, slash !== ''];
  if (rawId.includes('\\')) {
    const at = rawId.indexOf('\\');
    [id, rest, hasSlash] = [rawId.slice(0, at), rawId.slice(at + 1) + slash + rawRest, true];
  }
  // A target has no fragment: servers disagree about what one means.
  if (id.includes('#') || rest.includes('#') || isDots(id)) return 'malformed';
  if (rest.includes('\\') || DOTS.test(rest)) {
    if (SEPARATORS.some((separator) => climbsOut(rest, separator))) return 'malformed';
    rest = normalise(rest);
  }
  return { id, target: hasSlash ? `/user/${id}/${rest}${query}` : undefined, query };
}

/** The id, or the beginning of it for servers that decode first, is a dot segment. */
function isDots(id: string): boolean {
  if (!id.includes('.') && !id.includes('%')) return false;
  return id.split(/%2f|%5c/i).some((segment) => DOT.test(segment) || DOT_DOT.test(segment));
}

/** Whether a `..` goes above the sandbox's own path, where empty segments count for nothing. */
function climbsOut(rest: string, separator: RegExp): boolean {
  let depth = 0;
  for (const segment of rest.split(separator)) {
    if (DOT_DOT.test(segment)) depth -= 1;
    else if (segment !== '' && !DOT.test(segment)) depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function normalise(rest: string): string {
  const kept: string[] = [];
  const segments = rest.split(/[\\/]/);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (DOT_DOT.test(segment)) kept.pop();
    else if (!DOT.test(segment)) {
      kept.push(segment);
      continue;
    }
    // `a/..` and `a/.` are directories.
    if (isLast) kept.push('');
  }
  return kept.join('/');
}

/** What a path of the program means for the reader. */
export interface Prefix {
  /** Where the sandbox lives, with a slash at its end. */
  readonly base: string;
  /** By which the reader asked, such as `node7.example.org`; addresses there are the program's own. */
  readonly readersHost: string | undefined;
}

/**
 * The request target as the program gets it.
 * @param target below `/user/<id>/`
 */
export function withoutPrefix(id: string, target: string): string {
  // Two slashes would begin another host, if the program led there.
  return `/${target.slice(`/user/${id}`.length).replace(/^\/+/, '')}`;
}

/** Whether a path is below the base already: programs that read X-Forwarded-Prefix say it so. */
export function isBelow(base: string, path: string): boolean {
  return path.startsWith(base) || `${path}/` === base;
}

/** A path of the program, as the reader has to ask for it. */
export function withPrefix(base: string, path: string): string {
  return isBelow(base, path) ? path : `${base}${path.replace(/^\/+/, '')}`;
}

/** Names under which a sandbox may know itself, beside its address. */
const ITSELF: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '0.0.0.0', '[::1]', '[::]']);

/**
 * A `Location` for the reader. One on the sandbox's own listener, which the reader cannot reach, becomes the path there; any other
 * stays as it is.
 * @param prefix undefined where the program knows its base path
 */
export function readersLocation(value: string, address: Address, prefix: Prefix | undefined): string {
  const path = pathOnItself(value, address) ?? (prefix && pathAtReader(value, prefix)) ?? value;
  const isPath = path.startsWith('/') && !/^\/[/\\]/.test(path);
  return isPath && prefix !== undefined ? withPrefix(prefix.base, path) : path;
}

function pathOnItself(value: string, { host, port }: Address): string | undefined {
  const [, name = '', digits = '80', rest = ''] =
    /^http:\/\/([^/?#@]*?)(?::(\d+))?([/?#].*)?$/i.exec(value) ?? [];
  if (Number(digits) !== port || (name !== host && name !== `[${host}]` && !ITSELF.has(name)))
    return undefined;
  // Two slashes would begin another address.
  return `/${rest.replace(/^\/+/, '')}`;
}

function pathAtReader(value: string, { readersHost }: Prefix): string | undefined {
  const [, name = '', rest = ''] = /^https?:\/\/([^/?#@]*)([/?#].*)?$/i.exec(value) ?? [];
  if (name === '' || name.toLowerCase() !== readersHost?.toLowerCase()) return undefined;
  return `/${rest.replace(/^\/+/, '')}`;
}
