// Response headers of a sandbox that would act beyond its own pages: on the whole origin, which it shares with the node
// and may share with other sandboxes; or on servers between the node and the reader.
//
// What acts on one document only passes, because the document's own scripts can do the same: Refresh,
// Speculation-Rules, Reporting-Endpoints, Content-Security-Policy, Permissions-Policy, No-Vary-Search.

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

/** @param name in lower case */
export function actsBeyondSandbox(name: string): boolean {
  return ACTS_BEYOND.has(name) || FAMILY.test(name);
}

/** For these, browsers ask for a password (or send the system's) under the name of the node. */
const PROMPTS = /\b(?:basic|digest|ntlm|negotiate|kerberos)\b/i;

/** A `WWW-Authenticate` for which no browser asks anything. A 401 must have one (RFC 9110 §11.6.1). */
export function withoutPrompt(challenge: string): string {
  return PROMPTS.test(challenge) ? 'Sandbox' : challenge;
}
