// Cookies of ours: how a reader's request shows them, and with which attributes they are set.
import type { IncomingHttpHeaders } from 'node:http';
import { TLSSocket } from 'node:tls';

/** What of a request tells by which scheme its reader came. */
export interface SchemeRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: unknown;
}

/** Whether the reader's connection is https: to us, or to a TLS terminator in front of us, which says so. */
export function isHttps({ headers, socket }: SchemeRequest, trustProxy: boolean): boolean {
  const proto = trustProxy ? headers['x-forwarded-proto'] : undefined;
  if (typeof proto === 'string') return proto.split(',', 1)[0]?.trim() === 'https';
  return socket instanceof TLSSocket;
}

/** How cookies are set for a request. */
export interface CookieScheme {
  readonly https: boolean;
  /** They have to work in a frame of another site. */
  readonly inFrames: boolean;
}

/** Names that only this machine answers: browsers keep `Secure` cookies of theirs over plain http, too; Safari does not. */
const LOOPBACK = /^(?:(?:[^:]+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

export function cookieSchemeOf(request: SchemeRequest, trustProxy: boolean): CookieScheme {
  const https = isHttps(request, trustProxy);
  const { headers } = request;
  // For the demo, whose article shows a frame of this machine. In a tab the cookie has to work in every browser.
  const isLocalFrame = headers['sec-fetch-dest'] === 'iframe' && LOOPBACK.test(headers.host ?? '');
  return { https, inFrames: https || isLocalFrame };
}

/**
 * The attributes of a cookie of ours. With `Partitioned` and `SameSite=None` it works in an article's frame, also where
 * third-party cookies are blocked (CHIPS, https://github.com/privacycg/CHIPS).
 */
export function cookieAttributes(path: string, { inFrames }: Pick<CookieScheme, 'inFrames'>): string {
  return `Path=${path}; HttpOnly; ${inFrames ? 'Secure; SameSite=None; Partitioned' : 'SameSite=Lax'}`;
}

/** Only this host can set a cookie whose name begins with `__Host-` (RFC 6265bis §4.1.3.2), and only over https. */
export function hostCookieName(name: string, https: boolean): string {
  return `${https ? '__Host-' : ''}${name}`;
}

export interface Cookie {
  readonly name: string;
  readonly value: string;
}

/** The pairs of a `Cookie` header, in their order (RFC 6265 §4.2.1). */
export function cookiesOf(header: string): readonly Cookie[] {
  const cookies: Cookie[] = [];
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0)
      cookies.push({ name: part.slice(0, equals).trim(), value: part.slice(equals + 1).trim() });
  }
  return cookies;
}
