// A request whose headers are taken apart faster. node:http does that for every request, if only to look at `Host` and
// `Expect`: each name is compared with those it knows and then put into lower case, which costs a tenth of a redirect.
// What nearly all requests bear is looked up here instead; anything unusual, a name twice among it, goes node:http's way.
// test/shared/http/request.test.ts holds the two against each other.
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** As browsers, programs and proxies write them; no more than an integer has bits, of which each has one. */
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
  ...['sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform', 'Sec-GPC', 'DNT', 'Priority', 'Origin'],
  ...['Cache-Control', 'Pragma', 'If-None-Match', 'Content-Type', 'Content-Length', 'Authorization'],
  ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Real-IP', 'X-XSRFToken'],
];

interface Known {
  readonly name: string;
  readonly bit: number;
}

/** Each as written above and in lower case. */
const KNOWN: ReadonlyMap<string, Known> = new Map(
  USUAL.flatMap((written, index) => {
    const known = { name: written.toLowerCase(), bit: 1 << index };
    return [
      [written, known],
      [known.name, known],
    ];
  }),
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
  let seen = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const known = KNOWN.get(raw[index] ?? '');
    if (known === undefined || (seen & known.bit) !== 0) return undefined;
    seen |= known.bit;
    headers[known.name] = raw[index + 1];
  }
  return headers;
}
