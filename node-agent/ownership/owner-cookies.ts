// The cookies that a claim gives a browser. The key cookie goes to its sandbox alone, by its path. The finder cookie goes
// to the whole node: it finds the reader's sandbox again, and over https it confirms the key cookie. Only this host can
// set a cookie whose name begins with `__Host-` (RFC 6265bis §4.1.3.2), so no other host below the same domain can give a
// reader the key of its own sandbox.
import type { IncomingHttpHeaders } from 'node:http';
import { shortId } from '../../shared/clock.ts';
import {
  type CookieScheme,
  cookieAttributes,
  cookiesOf,
  hostCookieName,
  isHttps,
  type SchemeRequest,
} from '../../shared/http/cookies.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { equalKeys } from './key.ts';

/** Names of our own cookies; browsers compare the prefix without regard to case. */
const OWN_NAME = /^(?:__host-)?tmpfleet_/i;
const KEY_COOKIE = 'tmpfleet_key';

/** Whether a cookie of this name is ours: a sandbox may not set it. */
export function isOwnCookie(name: string): boolean {
  return OWN_NAME.test(name);
}

/** Whether a request shows any cookie of ours: then its browser keeps them. */
export function showsOwnCookie({ cookie = '' }: IncomingHttpHeaders): boolean {
  return cookiesOf(cookie).some(({ name }) => isOwnCookie(name));
}

/** Per node, because several nodes may share a host name and cookies do not know about ports. */
function finderPrefix(nodeId: string, https: boolean): string {
  return hostCookieName(`tmpfleet_${nodeId}`, https);
}

/** Per sandbox, so that two tabs that claim at once do not replace each other's. */
function finderName(nodeId: string, id: string, https: boolean): string {
  return `${finderPrefix(nodeId, https)}_${shortId(id)}`;
}

/** The `Set-Cookie` values for the browser that claimed the sandbox. */
export function ownerCookies(nodeId: string, sandbox: Sandbox, scheme: CookieScheme): readonly string[] {
  const { id, key = '' } = sandbox;
  return [
    `${KEY_COOKIE}=${key}; ${cookieAttributes(`/user/${id}/`, scheme)}`,
    finderCookie(nodeId, sandbox, scheme),
  ];
}

/** The one of them that finds the sandbox again, for a node at whose own name no sandbox is served. */
export function finderCookie(nodeId: string, { id, key = '' }: Sandbox, scheme: CookieScheme): string {
  return `${finderName(nodeId, id, scheme.https)}=${id}.${key}; ${cookieAttributes('/', scheme)}`;
}

/** The name of the key cookie at a host that serves one sandbox only. */
function hostKeyName(https: boolean): string {
  return hostCookieName(KEY_COOKIE, https);
}

/** The `Set-Cookie` value for the owner's browser at a host that serves this sandbox only (`--sandbox-domain`). */
export function hostKeyCookie({ key = '' }: Pick<Sandbox, 'key'>, scheme: CookieScheme): string {
  return `${hostKeyName(scheme.https)}=${key}; ${cookieAttributes('/', scheme)}`;
}

/** Whether a request shows the key of `sandbox` by that cookie. */
export function showsHostKey(
  request: SchemeRequest,
  { key }: Pick<Sandbox, 'key'>,
  { trustProxy }: { readonly trustProxy: boolean },
): boolean {
  const { cookie } = request.headers;
  return (
    cookie !== undefined && key !== undefined && has(cookie, hostKeyName(isHttps(request, trustProxy)), key)
  );
}

type Owned = Pick<Sandbox, 'id' | 'key' | 'claimedBy'>;

interface CookieRules {
  readonly nodeId: string;
  readonly trustProxy: boolean;
}

/** Whether a request shows the finder cookie of `sandbox`. */
export function showsFinder(request: SchemeRequest, sandbox: Owned, rules: CookieRules): boolean {
  const { nodeId, trustProxy } = rules;
  const name = finderName(nodeId, sandbox.id, isHttps(request, trustProxy));
  const { headers } = request;
  return showsOwner(headers, name, sandbox) || showsEarlierCookie(headers, sandbox, rules);
}

/** Whether a request shows the key of `sandbox` by cookies; over https the finder cookie must agree. */
export function showsKeyCookie(request: SchemeRequest, sandbox: Owned, rules: CookieRules): boolean {
  const { cookie } = request.headers;
  const { key } = sandbox;
  if (cookie !== undefined && key !== undefined && has(cookie, KEY_COOKIE, key)) {
    return !isHttps(request, rules.trustProxy) || showsFinder(request, sandbox, rules);
  }
  return showsEarlierCookie(request.headers, sandbox, rules);
}

/** The one cookie of versions before sandboxes had keys, for what was claimed under them. */
function showsEarlierCookie(headers: IncomingHttpHeaders, sandbox: Owned, { nodeId }: CookieRules): boolean {
  return sandbox.claimedBy === 'unknown' && showsOwner(headers, finderPrefix(nodeId, false), sandbox);
}

function showsOwner({ cookie }: IncomingHttpHeaders, name: string, { id, key }: Owned): boolean {
  return cookie !== undefined && key !== undefined && has(cookie, name, `${id}.${key}`);
}

/** `Set-Cookie` values that remove finder cookies. */
export function removeFinders(names: readonly string[], scheme: CookieScheme): readonly string[] {
  return names.map((name) => `${name}=; Max-Age=0; ${cookieAttributes('/', scheme)}`);
}

export interface OwnSandboxes {
  /** The living sandbox that this browser claimed last. */
  readonly found: Sandbox | undefined;
  /** Names of finder cookies whose sandbox has ended. */
  readonly stale: readonly string[];
}

/** The sandboxes to which a browser shows finder cookies. */
export function findOwn(
  request: SchemeRequest,
  { nodeId, trustProxy }: CookieRules,
  lookup: (id: string) => Sandbox | undefined,
): OwnSandboxes {
  const prefix = finderPrefix(nodeId, isHttps(request, trustProxy));
  const before = finderPrefix(nodeId, false);
  let found: Sandbox | undefined;
  const stale: string[] = [];
  for (const { name, value } of cookiesOf(request.headers.cookie ?? '')) {
    const isFinder = name.startsWith(`${prefix}_`) && /^[0-9a-f]{8}$/.test(name.slice(prefix.length + 1));
    if (!isFinder && name !== before) continue;
    const [id = '', shown = ''] = value.split('.', 2);
    const sandbox = lookup(id);
    if (sandbox === undefined || !isHeld(sandbox.state)) {
      if (isFinder) stale.push(name);
      continue;
    }
    const { key, claimedBy, claimedAt = 0 } = sandbox;
    const isReaders = claimedBy === 'unknown' || (isFinder && claimedBy === 'reader');
    if (!isReaders || key === undefined || !equalKeys(key, shown)) continue;
    if (found === undefined || claimedAt >= (found.claimedAt ?? 0)) found = sandbox;
  }
  return { found, stale };
}

/** Whether any cookie of that name has the value: another host below the same domain may have added one of its own. */
function has(header: string, wanted: string, secret: string): boolean {
  for (const { name, value } of cookiesOf(header))
    if (name === wanted && equalKeys(secret, value)) return true;
  return false;
}
