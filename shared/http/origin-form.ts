// Requests in absolute form (`GET http://h/x`), which every server must accept (RFC 9112 §3.2.2), as if in origin form.
import type { IncomingMessage } from 'node:http';

const ABSOLUTE = /^https?:\/\/([^/?#@]+)([/?].*)?$/is;

/** Replaces `request.url` by the target's path, and `Host` by the target's authority, which overrides it. */
export function useOriginForm(request: IncomingMessage): void {
  const { url = '', rawHeaders, headers } = request;
  if (url.startsWith('/')) return;
  const [, authority, rest = '/'] = ABSOLUTE.exec(url) ?? [];
  if (authority === undefined) return;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  headers.host = authority;
  const names = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [name.toLowerCase()] : []));
  for (const [index, name] of names.entries()) if (name === 'host') rawHeaders[index * 2 + 1] = authority;
  if (!names.includes('host')) rawHeaders.push('Host', authority);
}
