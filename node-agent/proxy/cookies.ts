// Cookies on their way through: sandboxes share an origin with each other and with us, and must not notice.
import { cookiesOf } from '../../shared/http/cookies.ts';
import { isOwnCookie } from '../ownership/owner-cookies.ts';
import { isBelow, withPrefix } from './path.ts';

/**
 * Browsers take a cookie with this prefix for the whole host only (RFC 6265bis §4.1.3.2). A sandbox's is kept under another name, with
 * the sandbox's path; the sandbox sees its own name.
 */
const HOST_PREFIX = '__Host-';
const CONFINED_PREFIX = '__Secure-Host-';
const CONFINED_HOST = /^__Secure-Host-/;

/**
 * A `Cookie` header with only the cookies whose names the sandbox has set; undefined when nothing is left. Of each name only the
 * first, which has the longest path (RFC 6265 §5.4): one of a parent domain does not replace the sandbox's own.
 */
export function keepCookies(header: string, names: ReadonlySet<string>): string | undefined {
  if (names.size === 0) return undefined;
  const kept = new Map<string, string>();
  for (const { name: shown, value } of cookiesOf(header)) {
    const name = names.has(shown) ? shown : shown.replace(CONFINED_HOST, HOST_PREFIX);
    if (names.has(name) && !kept.has(name)) kept.set(name, value);
  }
  return kept.size === 0 ? undefined : [...kept].map(([name, value]) => `${name}=${value}`).join('; ');
}

export interface CookieBounds {
  /** With a slash at its end. */
  readonly base: string;
  /** Remembers its name; false when the sandbox may have no more. */
  readonly learn: (name: string) => boolean;
  /** It has to work in an article's frame, over https. The proxy lets no other site use it: see `isFromHere`. */
  readonly inFrames: boolean;
  /** The program does not know its base path: its paths are below it. */
  readonly isStripped?: boolean;
}

/** What decides whether a browser sends a cookie in a frame of another site. */
const FRAME_ATTRIBUTES: ReadonlySet<string> = new Set(['samesite', 'secure', 'partitioned']);

/**
 * A sandbox's `Set-Cookie`, bound to its own base path and to this host; undefined when it is one of ours by name, nameless, or
 * one too many.
 */
export function confineSetCookie(
  header: string,
  { base, learn, inFrames, isStripped = false }: CookieBounds,
): string | undefined {
  const [pair = '', ...attributes] = header.split(';');
  // One without a name is sent back as its value alone, which may look like a name and a value.
  const name = /^([^=]+)=/.exec(pair.trimStart())?.[1]?.trim();
  if (name === undefined || name === '' || isOwnCookie(name) || !learn(name)) return undefined;
  let path = base;
  const kept: string[] = [];
  for (const attribute of attributes) {
    const equals = attribute.indexOf('=');
    const key = (equals < 0 ? attribute : attribute.slice(0, equals)).trim().toLowerCase();
    if (key === 'domain' || (inFrames && FRAME_ATTRIBUTES.has(key))) continue;
    if (key === 'path') path = attribute.slice(equals + 1).trim();
    else kept.push(attribute);
  }
  // One that is no path stands for the default (RFC 6265 §5.2.4).
  const below = isStripped && path.startsWith('/') ? withPrefix(base, path) : base;
  const shownPair = pair.replace(/^\s*__Host-/i, CONFINED_PREFIX);
  const framed = inFrames ? [' Secure', ' SameSite=None', ' Partitioned'] : [];
  return [shownPair, ...kept, ` Path=${isBelow(base, path) ? path : below}`, ...framed].join(';');
}
