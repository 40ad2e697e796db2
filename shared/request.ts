// A request whose headers are taken apart faster. node:http does that for every request, if only to look at `Host` and
// `Expect`: each name is compared with those it knows and then put into lower case, which costs a tenth of a redirect.
// What nearly all requests bear is looked up here instead; anything unusual, a name twice among it, goes node:http's way.
// test/shared/request.test.ts holds the two against each other.
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** As browsers, programs and proxies write them. */
const USUAL = [
  ...[
    'Host',
    'Connection',
    'User-Agent',
    'Accept',
    'Accept-Language',
    'Accept-Encoding',
    'Cookie',
    'Referer',
  ],
  ...['Upgrade-Insecure-Requests', 'Sec-Fetch-Dest', 'Sec-Fetch-Mode', 'Sec-Fetch-Site', 'Sec-Fetch-User'],
  ...['Sec-GPC', 'DNT', 'Priority', 'Cache-Control', 'Pragma', 'Origin', 'TE'],
  ...['sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform', 'Sec-Purpose', 'Purpose'],
  ...['Content-Type', 'Content-Length', 'Authorization', 'If-None-Match', 'If-Modified-Since', 'X-XSRFToken'],
  ...[
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'X-Forwarded-Port',
    'X-Real-IP',
    'Forwarded',
  ],
];

/** Each as written above and in lower case. */
const NAMES: ReadonlyMap<string, string> = new Map(
  USUAL.flatMap((name) => [
    [name, name.toLowerCase()],
    [name.toLowerCase(), name.toLowerCase()],
  ]),
);

/** Entries of `rawHeaders`, two a header. Whoever sends more goes node:http's way, which has a limit. */
const MAX_ENTRIES = 128;

const theirs = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers');

/** For `createServer({ IncomingMessage })`. `headers` holds what node:http's own would, in the same order. */
export class Request extends IncomingMessage {
  #headers: IncomingHttpHeaders | undefined;

  static {
    const slow = theirs?.get;
    // An accessor, as theirs is; their types call it a property. On a Node where it is none, it stays as it is.
    if (slow !== undefined) {
      Object.defineProperty(Request.prototype, 'headers', {
        configurable: true,
        get(this: Request): IncomingHttpHeaders {
          this.#headers ??= usualHeaders(this.rawHeaders) ?? (slow.call(this) as IncomingHttpHeaders);
          return this.#headers;
        },
        set(this: Request, headers: IncomingHttpHeaders) {
          this.#headers = headers;
        },
      });
    }
  }
}

/** @param raw names and values in turn. Undefined where any name is not a usual one, or is there twice. */
function usualHeaders(raw: readonly string[]): IncomingHttpHeaders | undefined {
  if (raw.length > MAX_ENTRIES) return undefined;
  const headers: IncomingHttpHeaders = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = NAMES.get(raw[index] ?? '');
    if (name === undefined || headers[name] !== undefined) return undefined;
    headers[name] = raw[index + 1];
  }
  return headers;
}
