// What the name of a header says of it, both ways. A few dozen names make up nearly all traffic, so what was found of a name is kept:
// to look at each header anew was a twentieth of what a small request costs.

/** They belong to one connection (RFC 9110 §7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** `Expect` goes on where it has a meaning: see `UpstreamRequest`. */
const NOT_FOR_SANDBOXES: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'expect', 'http2-settings']);

/** Who asks, by other names; a reader could otherwise make them up. */
const CLAIMS_OF_ORIGIN: ReadonlySet<string> = new Set(['forwarded', 'x-real-ip', 'x-scheme']);

/** Of a request, these are looked at, as are all `X-Forwarded-*`. */
const LOOKED_AT_IN_REQUESTS: ReadonlySet<string> = new Set([
  ...CLAIMS_OF_ORIGIN,
  ...['authorization', 'cookie', 'max-forwards', 'via'],
]);

/** Who may show it in a frame is for the operator to say, who knows the article. */
const REPLACED = 'x-frame-options';

/*
 * Response headers of a sandbox that would act beyond its own pages: on the whole origin, which it shares with the node and may
 * share with other sandboxes; or on servers between the node and the reader.
 *
 * What acts on one document only passes, because the document's own scripts can do the same: Refresh, Speculation-Rules,
 * Reporting-Endpoints, Content-Security-Policy, Permissions-Policy, No-Vary-Search.
 */
const ACTS_BEYOND: ReadonlySet<string> = new Set([
  // The browser applies these to the origin.
  'service-worker-allowed',
  'clear-site-data',
  'strict-transport-security',
  'public-key-pins',
  'expect-ct',
  'alt-svc',
  'nel',
  'report-to',
  'accept-ch',
  'accept-ch-lifetime',
  'critical-ch',
  'origin-agent-cluster',
  'use-as-dictionary',
  // The login status of the origin (FedCM).
  'set-login',
  'shared-storage-write',
  // Orders to caches, of which ESI fetches pages of others into an answer (RFC 9213; Edge Architecture).
  'cdn-cache-control',
  'edge-control',
]);

/**
 * Families. Device-bound sessions register cookies of the origin (W3C DBSC; its headers began with `Sec-Session-` until
 * 2025). Web servers in front take a file of their own for the answer (X-Accel-*, X-Sendfile*, X-Lighttpd-*,
 * X-LiteSpeed-*, X-Reproxy-*), or take the node for ill (X-Envoy-*). Tmpfleet-* is what the node itself says.
 */
const FAMILY =
  /^(?:tmpfleet-|x-(?:accel|sendfile|lighttpd|litespeed|lsadc|reproxy|envoy)|sec(?:ure)?-session-|sec-secure-session-|surrogate-|attribution-reporting-|ad-auction-)|-cdn-cache-control$/;

export interface HeaderName {
  readonly lower: string;
  /** Sandboxes do not get it. */
  readonly isKeptFromSandboxes: boolean;
  /** Readers do not get it. */
  readonly isKeptFromReaders: boolean;
  readonly isForwarded: boolean;
  readonly isClaimOfOrigin: boolean;
  /** Of a request, it goes on as it came. */
  readonly passesToSandboxes: boolean;
}

/** More than a page and its server have. */
const MAX_KNOWN = 512;
const LONGEST_KNOWN = 64;
const known = new Map<string, HeaderName>();

/** @param name as it came */
export function nameOf(name: string): HeaderName {
  const found = known.get(name);
  if (found !== undefined) return found;
  const made = readName(name.toLowerCase());
  if (known.size < MAX_KNOWN && name.length <= LONGEST_KNOWN) known.set(name, made);
  return made;
}

function readName(lower: string): HeaderName {
  const isKeptFromSandboxes = NOT_FOR_SANDBOXES.has(lower);
  const isForwarded = lower.startsWith('x-forwarded-');
  return {
    ...{ lower, isKeptFromSandboxes, isForwarded },
    isKeptFromReaders: HOP_BY_HOP.has(lower) || actsBeyondSandbox(lower) || lower === REPLACED,
    isClaimOfOrigin: CLAIMS_OF_ORIGIN.has(lower),
    passesToSandboxes: !isKeptFromSandboxes && !isForwarded && !LOOKED_AT_IN_REQUESTS.has(lower),
  };
}

function actsBeyondSandbox(name: string): boolean {
  return ACTS_BEYOND.has(name) || FAMILY.test(name);
}

/** For these, browsers ask for a password (or send the system's) under the name of the node. */
const PROMPTS = /\b(?:basic|digest|ntlm|negotiate|kerberos)\b/i;

/** A `WWW-Authenticate` for which no browser asks anything. A 401 must have one (RFC 9110 §11.6.1). */
export function withoutPrompt(challenge: string): string {
  return PROMPTS.test(challenge) ? 'Sandbox' : challenge;
}
