// What two proxies may do differently without a meaning, and so is not compared. All of it stands here:
//
// - the case of header names, and the order of headers of different names (RFC 9110 §5.1, §5.3);
// - `Date`, and the reader's `Keep-Alive` and `Connection: keep-alive`, which are about the hop (§6.6.1, §7.6.1);
// - `Connection` of the hop to the sandbox, unless it names an upgrade;
// - boundaries of chunks (RFC 9112 §7.1), and whether a request's body goes on with a length or in chunks, or nothing as a length
//   of 0 or as none, which is a matter of the hop (§6.1); all else about its framing is compared;
// - the page of a proxy's own answer: only its status counts;
// - the node's policy about frames, which every answer gets, and `Via` towards the sandbox, both with their exact value;
// - `Host` and `X-Forwarded-*` towards the sandbox where they have their usual value; a lack of one shows;
// - what a peer that fails has sent before;
// - the sandbox's port and id: `PORT`, `ID`.
import type { Exchange } from './exchange.ts';
import type { Message } from './messages.ts';

/** What the sandbox gets with nearly every request here. */
const USUAL: ReadonlyMap<string, string> = new Map([
  ['host', 'h'],
  ['x-forwarded-for', '127.0.0.1'],
  ['x-forwarded-proto', 'http'],
  ['x-forwarded-host', 'h'],
  ['x-forwarded-port', '80'],
]);

/** What was seen, by what it is about: `answer 1 etag`, `request 1 body`. */
export type Sightings = ReadonlyMap<string, string>;

/** Every answer of a sandbox in this suite has it. */
const FROM_SANDBOX = 'x-from';
const FRAME_POLICY = "frame-ancestors 'self'";
const VIA = /^1\.[01] tmpfleet$/;

export function normalise(exchange: Exchange): Sightings {
  const { answers, readerEnd, connections, sandboxPort, fails } = exchange;
  if (fails) return new Map([['the peer', 'fails']]);
  const seen = new Map<string, string>();
  let isLastAnswered = false;
  let number = 0;
  for (const message of answers.messages) {
    if (message.body === 'last') {
      isLastAnswered = true;
      continue;
    }
    number += 1;
    describeAnswer(`answer ${number}`, message, seen);
  }
  const last = answers.messages.at(-1);
  if (answers.rest !== '') seen.set('behind the answers', answers.rest);
  if (last?.framing === 'closing' && isSandboxs(last))
    seen.set('end', readerEnd === 'fin' ? 'closed' : 'reset');
  else if (last?.line.includes(' 101') !== true)
    seen.set('next request', isLastAnswered ? 'answered' : 'no connection');
  number = 0;
  for (const { messages, rest } of connections) {
    for (const message of messages) {
      if (/\/last /.test(message.line)) continue;
      number += 1;
      describeRequest(`request ${number}`, message, seen);
    }
    if (rest !== '') seen.set(`behind request ${number}`, rest);
  }
  const { id } = exchange;
  return new Map([...seen].map(([what, value]) => [what, shorten(value, id, sandboxPort)]));
}

function shorten(value: string, id: string, port: number): string {
  const text = value.replaceAll(`:${port}`, ':PORT').replaceAll(id, 'ID');
  return text.length > 200 ? `${text.length} bytes` : text;
}

function describeAnswer(name: string, message: Message, seen: Map<string, string>): void {
  const isInterim = /^HTTP\/1\.1 1/.test(message.line);
  if (!isSandboxs(message) && !isInterim) {
    seen.set(name, `${message.line.split(' ')[1]} of the proxy's own`);
    return;
  }
  seen.set(name, message.line);
  for (const [header, value] of joined(message)) {
    if (header === 'date' || header === 'keep-alive' || header === FROM_SANDBOX) continue;
    if (header === 'connection' && value.toLowerCase() === 'keep-alive') continue;
    if (header === 'content-length' || header === 'transfer-encoding') continue;
    if (header === 'content-security-policy') {
      const rest = value.replace(new RegExp(`(?: \\+ )?${FRAME_POLICY}$`), '');
      if (rest !== '') seen.set(`${name} ${header}`, rest);
    } else seen.set(`${name} ${header}`, value);
  }
  if (!isInterim) seen.set(`${name} body`, bodyOf(message));
}

function describeRequest(name: string, message: Message, seen: Map<string, string>): void {
  seen.set(name, message.line);
  for (const [header, value] of joined(message)) {
    if (header === 'via' && VIA.test(value)) continue;
    if (header === 'connection' && !/upgrade/i.test(value)) continue;
    if (header === 'content-length' || header === 'transfer-encoding') continue;
    if (!USUAL.has(header)) seen.set(`${name} ${header}`, value);
  }
  const all = joined(message);
  for (const [header, usual] of USUAL) {
    const value = all.get(header) ?? 'missing';
    if (value !== usual) seen.set(`${name} ${header}`, value);
  }
  const body = requestBodyOf(message);
  if (body !== '') seen.set(`${name} body`, body);
}

function isSandboxs({ headers }: Message): boolean {
  return headers.some(([name]) => name === FROM_SANDBOX);
}

/** With its framing where that is not plainly chunks or one length. */
function requestBodyOf(message: Message): string {
  const all = joined(message);
  const [length, coding] = [all.get('content-length'), all.get('transfer-encoding')];
  const isPlain =
    length === undefined
      ? coding === undefined || coding === 'chunked'
      : coding === undefined && /^(?:0|[1-9]\d*)$/.test(length);
  return isPlain ? shownBody(message) : bodyOf(message);
}

function shownBody({ body, isWhole }: Message): string {
  return `${body.length > 200 ? `${body.length} bytes` : body}${isWhole ? '' : ' (broken off)'}`;
}

/** With the headers of its framing, of which the reader sees the length. */
function bodyOf(message: Message): string {
  const { framing } = message;
  const all = joined(message);
  const lengths = ['content-length', 'transfer-encoding'].flatMap((each) => {
    const value = all.get(each);
    return value === undefined ? [] : [`${each} ${value}`];
  });
  const by = framing === 'closing' ? 'until closing' : lengths.length === 0 ? 'none' : lengths.join(', ');
  return `(${by}) ${shownBody(message)}`.trimEnd();
}

function joined({ headers }: Message): Map<string, string> {
  const all = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = all.get(name);
    all.set(name, before === undefined ? value : `${before} + ${value}`);
  }
  return all;
}
