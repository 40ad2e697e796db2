// Which addresses below a sandbox may be answered from memory: files of a program's own static area, and of those only ones that
// are fetched by a page. Conservative: what is not recognized goes to the sandbox.

/** An address that may be learnt. */
export interface StaticAddress {
  /** Below the base path, without a query. */
  readonly path: string;
  /** The query with its `?`; empty without one. */
  readonly query: string;
  /** The name of the file has a hash in it, so that another content would have another address. */
  readonly isHashed: boolean;
  /** The version in the query, where it can be the digest of the content. */
  readonly digest: string | undefined;
  /** Any other version in the query: one of a program's start, or of a release. */
  readonly version: string | undefined;
  /** The same for all addresses that one answer serves. */
  readonly key: string;
}

/**
 * Jupyter's own files and those of its extensions; most other servers use `static/` too. Not `nbextensions/` and `custom/`: Jupyter
 * looks for those in the reader's home first. The name of an extension's file says its hash.
 */
const AREA = /^(?:static\/|lab\/static\/|lab\/extensions\/)/;
const OF_THE_READER = /(?:^|\/)(?:custom|nbextensions)\//;

/** No percent signs, no empty or hidden segments; an extension of what pages load. */
const FILE =
  /^(?:[\w@+~-][\w.@+~-]*\/)+[\w@+~-][\w.@+~-]*\.(?:avif|css|eot|gif|ico|jpe?g|js|json|map|mjs|otf|png|svg|ttf|txt|wasm|webp|woff2?)$/;

/** Longer ones are not remembered, so that a reader cannot fill our memory with names. */
const LONGEST = 300;

const QUERY = /^\?v=([\w.-]{1,128})$/;

/** Hexadecimal digits of MD5, SHA-1, SHA-256, SHA-384 and SHA-512. */
const DIGEST = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i;
const LONGEST_VERSION = 24;

/** A part of a file's name that bundlers write: hexadecimal, of at least eight digits, and no date. */
const HASH = /(?:^|[./_-])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{8,64}(?=[._-])/;

/** @param target the request target for the sandbox, such as `/user/<id>/static/app.js?v=1`; undefined for all that is not recognized */
export function staticAddress(id: string, target: string): StaticAddress | undefined {
  const below = target.slice(`/user/${id}/`.length);
  if (below.length > LONGEST || !AREA.test(below)) return undefined;
  const mark = below.indexOf('?');
  const path = mark < 0 ? below : below.slice(0, mark);
  const query = mark < 0 ? '' : below.slice(mark);
  if (!FILE.test(path) || OF_THE_READER.test(path)) return undefined;
  const isHashed = HASH.test(path.slice(path.lastIndexOf('/') + 1));
  if (path.startsWith('lab/extensions/') && !isHashed) return undefined;
  if (query === '') return { path, query, isHashed, digest: undefined, version: undefined, key: path };
  const [, value] = QUERY.exec(query) ?? [];
  if (value === undefined) return undefined;
  if (DIGEST.test(value)) {
    const digest = value.toLowerCase();
    return { path, query, isHashed, digest, version: undefined, key: `${path}?v=${digest}` };
  }
  if (value.length > LONGEST_VERSION) return undefined;
  return { path, query, isHashed, digest: undefined, version: value, key: `${path}?v` };
}

/** Another version of the same form: each digit and letter is the next one. A server whose answers depend on it shows that. */
export function otherVersion(version: string): string {
  return version.replace(/[0-9a-z]/gi, (each) => {
    if (each === '9') return '0';
    if (each === 'z') return 'a';
    if (each === 'Z') return 'A';
    return String.fromCharCode(each.charCodeAt(0) + 1);
  });
}
