// Splits what came over a connection into HTTP messages (RFC 9112 §6.3), as a strict reader or server would.

export interface Message {
  /** The request line or status line. */
  readonly line: string;
  /** Names in lower case, in the order in which they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What showed where the body ends. */
  readonly framing: 'none' | 'length' | 'chunked' | 'closing';
  readonly body: string;
  /** False while bytes of it are missing. */
  readonly isWhole: boolean;
}

export interface Parsed {
  readonly messages: readonly Message[];
  /** What is behind the last message and is none, or the beginning of one whose head is not whole. */
  readonly rest: string;
}

/** @param isOver whether the sandbox or reader has closed the connection */
export function parseRequests(bytes: string): Parsed {
  return parse(bytes, (head) => {
    const coding = valuesOf(head, 'transfer-encoding').at(-1);
    if (coding !== undefined) return 'chunked';
    return lengthOf(head) === undefined ? 'none' : 'length';
  });
}

/**
 * @param methods of the requests that these are the responses to
 * @param isOver whether the connection has been closed, so that a body without a length is whole
 */
export function parseResponses(bytes: string, methods: readonly string[], isOver: boolean): Parsed {
  let index = 0;
  let isTunnel = false;
  return parse(
    bytes,
    (head) => {
      const status = Number(head.line.split(' ')[1]);
      if (status < 200) {
        isTunnel = status === 101;
        return isTunnel ? 'tunnel' : 'none';
      }
      const method = methods[index++];
      if (method === 'HEAD' || status === 204 || status === 304) return 'none';
      if (valuesOf(head, 'transfer-encoding').length > 0) return 'chunked';
      return lengthOf(head) === undefined ? 'closing' : 'length';
    },
    isOver,
  );
}

type Head = Pick<Message, 'line' | 'headers'>;

function parse(
  bytes: string,
  framingOf: (head: Head) => Message['framing'] | 'tunnel',
  isOver = false,
): Parsed {
  const messages: Message[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0 || !/^(?:HTTP\/|\S+ \S)/.test(rest)) return { messages, rest };
    const head = parseHead(rest.slice(0, end));
    const framing = framingOf(head);
    const after = rest.slice(end + 4);
    if (framing === 'tunnel') {
      messages.push({ ...head, framing: 'none', body: '', isWhole: true });
      return { messages, rest: after };
    }
    const { body, used } = bodyOf(after, framing, lengthOf(head) ?? 0, isOver);
    messages.push({ ...head, framing, body, isWhole: used !== undefined });
    if (used === undefined) return { messages, rest: '' };
    rest = after.slice(used);
  }
}

function parseHead(text: string): Head {
  const [line = '', ...lines] = text.split('\r\n');
  const headers = lines.map((each): [string, string] => {
    const colon = each.indexOf(':');
    return colon < 0 ? [each, ''] : [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()];
  });
  return { line, headers };
}

/** `used` is undefined while the body is not whole. */
function bodyOf(
  after: string,
  framing: Message['framing'],
  length: number,
  isOver: boolean,
): { readonly body: string; readonly used: number | undefined } {
  if (framing === 'none') return { body: '', used: 0 };
  if (framing === 'closing') return { body: after, used: isOver ? after.length : undefined };
  if (framing === 'length')
    return { body: after.slice(0, length), used: after.length < length ? undefined : length };
  let body = '';
  let at = 0;
  for (;;) {
    const [whole, digits = ''] = /^([0-9a-f]+)[^\r\n]*\r\n/i.exec(after.slice(at)) ?? [];
    if (whole === undefined) return { body, used: undefined };
    const size = Number.parseInt(digits, 16);
    at += whole.length;
    if (size === 0) {
      const [trailers] = /^(?:[^\r\n]+\r\n)*\r\n/.exec(after.slice(at)) ?? [];
      return { body, used: trailers === undefined ? undefined : at + trailers.length };
    }
    body += after.slice(at, at + size);
    at += size + 2;
    if (at > after.length) return { body, used: undefined };
  }
}

export function valuesOf({ headers }: Pick<Message, 'headers'>, name: string): readonly string[] {
  return headers.flatMap(([each, value]) => (each === name ? [value] : []));
}

function lengthOf(head: Head): number | undefined {
  const [value] = valuesOf(head, 'content-length');
  return value === undefined ? undefined : Number(value);
}
