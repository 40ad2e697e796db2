// The cookies of one reader, by origin and path, as a browser keeps them.

interface Cookie {
  readonly name: string;
  readonly path: string;
  readonly value: string;
}

export class CookieJar {
  readonly #byOrigin = new Map<string, Map<string, Cookie>>();

  /** The `Cookie` header for an address, longer paths first (RFC 6265 §5.4); empty for none. */
  headerFor(url: string): string {
    return this.#matching(url)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  /** The value of a cookie that goes to an address. */
  valueOf(name: string, url: string): string | undefined {
    return this.#matching(url).find((cookie) => cookie.name === name)?.value;
  }

  /** @param header the `Set-Cookie` of an answer from that address */
  keep(url: string, header: string | readonly string[] | undefined): void {
    if (header === undefined) return;
    const { origin, pathname } = new URL(url);
    const jar = this.#byOrigin.get(origin) ?? new Map<string, Cookie>();
    this.#byOrigin.set(origin, jar);
    for (const cookie of typeof header === 'string' ? [header] : header) {
      const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
      const equals = pair.indexOf('=');
      if (equals < 1) continue;
      const name = pair.slice(0, equals);
      const given = attributes.find((each) => /^path=\//i.test(each))?.slice('path='.length);
      // Without a path, that of the address up to its last slash (RFC 6265 §5.1.4).
      const path = given ?? (pathname.replace(/\/[^/]*$/, '') || '/');
      const key = `${name};${path}`;
      if (attributes.some(isPast)) jar.delete(key);
      else jar.set(key, { name, path, value: pair.slice(equals + 1) });
    }
  }

  #matching(url: string): readonly Cookie[] {
    const { origin, pathname } = new URL(url);
    return [...(this.#byOrigin.get(origin)?.values() ?? [])]
      .filter(({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')))
      .sort((one, other) => other.path.length - one.path.length);
  }
}

function isPast(attribute: string): boolean {
  if (/^max-age=(?:0|-\d+)$/i.test(attribute)) return true;
  const [, date] = /^expires=(.+)$/i.exec(attribute) ?? [];
  return date !== undefined && Date.parse(date) <= 0;
}
