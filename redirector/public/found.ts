// The 302 itself. What goes out is what `writeHead` would send; composing that, with its checks of each header and of every
// byte of a long address, costs node:http a third of a redirect. Here the header is put together from what was checked
// before and given to the response ready-made, in the field in which node:http keeps its own. That field is
// not part of Node's documented interface: where it is not found as it should be, `writeHead` is called as usual, and
// test/redirector/public/found.test.ts compares the bytes of both ways on every Node that is tested.
import { type ServerResponse, STATUS_CODES } from 'node:http';

/** Node's own fields of a response; each may be missing in another Node. */
interface Fields {
  /** Null until the header is composed; then it is sent as it is, ahead of the first byte of the body. */
  _header?: string | null;
  /** ms that an idle connection is kept. */
  readonly _keepAliveTimeout?: number;
  readonly maxRequestsOnConnectionReached?: boolean;
  /** Whether the connection is closed behind it. */
  _last?: boolean;
}

/** What may stand in a header: everything but control characters, and nothing beyond Latin-1. */
const UNFIT = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * @param node a node's address, which is fit: it was parsed and written anew
 * @param rest the reader's own part of it
 * @param ticket what comes behind it, which is fit too
 */
export type Found = (response: ServerResponse, node: string, rest: string, ticket?: string) => void;

/** @param everywhere headers that every answer bears, which `response` has been given already */
export function createFound(everywhere: Readonly<Record<string, string>>): Found {
  const own = Object.entries(everywhere).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 302 ${STATUS_CODES[302]}\r\n${own.join('')}location: `;
  const tailOf = cachedTail();
  return (response, node, rest, ticket = '') => {
    const fields = response as ServerResponse & Fields;
    const { _keepAliveTimeout: kept } = fields;
    const isUsual =
      fields._header === null &&
      fields.maxRequestsOnConnectionReached === false &&
      fields._last === false &&
      typeof kept === 'number' &&
      kept > 0;
    if (!isUsual || UNFIT.test(rest)) {
      // A flat list of names and values is written as it is; an object would be taken apart again.
      response.writeHead(302, [
        'location',
        node + rest + ticket,
        'cache-control',
        'no-store',
        'content-length',
        '0',
      ]);
    } else {
      const { shouldKeepAlive } = response;
      response.statusCode = 302;
      fields._last = !shouldKeepAlive;
      fields._header = head + node + rest + ticket + tailOf(shouldKeepAlive, kept);
    }
    response.end();
  };
}

/** What stands behind the address, put together once a second: it has the date (RFC 9110 §5.6.7). */
function cachedTail(): (isKept: boolean, kept: number) => string {
  let second = -1;
  let timeout = -1;
  let keptOpen = '';
  let closed = '';
  return (isKept, kept) => {
    const now = Date.now();
    const is = Math.floor(now / 1000);
    if (is !== second || kept !== timeout) {
      second = is;
      timeout = kept;
      const date = new Date(now).toUTCString();
      const common = `\r\ncache-control: no-store\r\ncontent-length: 0\r\nDate: ${date}\r\nConnection: `;
      keptOpen = `${common}keep-alive\r\nKeep-Alive: timeout=${Math.floor(kept / 1000)}\r\n\r\n`;
      closed = `${common}close\r\n\r\n`;
    }
    return isKept ? keptOpen : closed;
  };
}
