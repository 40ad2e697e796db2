// Cookies on their way through: sandboxes share an origin with each other and with us, and must not notice.

/** A `Cookie` header without the cookies whose names begin with `prefix`; undefined when nothing is left. */
export function hideCookies(header: string, prefix: string): string | undefined {
  if (!header.includes(prefix)) return header;
  const kept = header.split(';').filter((pair) => !pair.trimStart().startsWith(prefix));
  const text = kept.join(';').trimStart();
  return text === '' ? undefined : text;
}

/**
 * A sandbox's `Set-Cookie`, bound to its own base path and to this host; undefined when it is one of ours by name, or nameless.
 * @param base with a slash at its end
 */
export function confineSetCookie(header: string, base: string, prefix: string): string | undefined {
  const [pair = '', ...attributes] = header.split(';');
  // One without a name is sent back as its value alone, which may look like a name and a value.
  const isNameless = !/^[^=]+=/.test(pair.trimStart());
  if (isNameless || pair.trimStart().startsWith(prefix)) return undefined;
  let path = base;
  const kept: string[] = [];
  for (const attribute of attributes) {
    const equals = attribute.indexOf('=');
    const name = (equals < 0 ? attribute : attribute.slice(0, equals)).trim().toLowerCase();
    if (name === 'domain') continue;
    if (name === 'path') path = attribute.slice(equals + 1).trim();
    else kept.push(attribute);
  }
  const own = path.startsWith(base) || `${path}/` === base;
  return [pair, ...kept, ` Path=${own ? path : base}`].join(';');
}
