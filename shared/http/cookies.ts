// Cookies of ours: how a reader's request shows them, and with which attributes they are set.
import type { IncomingHttpHeaders } from 'node:http';

/** Whether the reader's connection is https, which only a TLS terminator in front of us can say. */
export function isHttps(headers: IncomingHttpHeaders, trustProxy: boolean): boolean {
  if (!trustProxy) return false;
  const proto = headers['x-forwarded-proto'];
  return (typeof proto === 'string' ? proto : '').split(',', 1)[0]?.trim() === 'https';
}

/**
 * The attributes of a cookie of ours. `Partitioned` and `SameSite=None`: over https they work in an article's frame, while
 * third-party cookies are blocked (CHIPS), too.
 */
export function cookieAttributes(path: string, https: boolean): string {
  return `Path=${path}; HttpOnly; ${https ? 'Secure; SameSite=None; Partitioned' : 'SameSite=Lax'}`;
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
export function* cookiesOf(header: string): Generator<Cookie> {
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) yield { name: part.slice(0, equals).trim(), value: part.slice(equals + 1).trim() };
  }
}
