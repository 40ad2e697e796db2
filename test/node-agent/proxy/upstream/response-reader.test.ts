// Responses from bytes, one after another: the same however the bytes are cut, ended where they end, and refused early.
import { describe, expect, it } from 'vitest';
import { MAX_HEAD_BYTES, ResponseReader } from '../../../../node-agent/proxy/upstream/response-reader.ts';

/** What a reader calls, as words. */
function record(method = 'GET', mayUpgrade = false) {
  const events: string[] = [];
  let body = '';
  const reader = new ResponseReader({
    onHead: ({ status }) => events.push(`head ${status}`),
    onData: (bytes) => {
      body += bytes.toString('latin1');
    },
    onEnd: () => events.push(`end "${body}"`),
    onUpgrade: (_, rest) => events.push(`upgrade "${rest.toString('latin1')}"`),
  });
  reader.begin(method, mayUpgrade);
  const give = (text: string, size = text.length): void => {
    for (let from = 0; from < text.length; from += size)
      reader.read(Buffer.from(text.slice(from, from + size), 'latin1'));
  };
  return { events, reader, give };
}

const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
const SIZED = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

describe.each([1, 2, 5, 1_000])('in pieces of %i bytes', (size) => {
  it.each([
    ['a length', SIZED],
    ['chunks', CHUNKED],
  ])('reads a body with %s, and the connection is of use', (_, text) => {
    const { events, reader, give } = record();
    give(HINTS + text, size);
    expect(events).toEqual(['head 103', 'head 200', 'end "hello"']);
    expect(reader.reusableSeconds).toBe(Number.POSITIVE_INFINITY);
  });

  it('ends a 304 with its head', () => {
    const { events, give } = record();
    give('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', size);
    expect(events).toEqual(['head 304', 'end ""']);
  });

  it('ends a body without a length with the connection', () => {
    const { events, reader, give } = record();
    give('HTTP/1.1 200 OK\r\n\r\nhello', size);
    expect(events).toEqual(['head 200']);
    expect(reader.end()).toBe(true);
    expect(events).toEqual(['head 200', 'end "hello"']);
    expect(reader.reusableSeconds).toBe(0);
  });

  it.each([SIZED.slice(0, -1), CHUNKED.slice(0, -1), 'HTTP/1.1 200 OK\r\nX-A', ''])(
    'does not take the end of the connection for that of %j',
    (text) => {
      const { events, reader, give } = record();
      give(text, size);
      expect(reader.end()).toBe(false);
      expect(events.join()).not.toContain('end');
    },
  );
});

it.each([
  ['a body with a length', `${SIZED}!`],
  ['chunks', `${CHUNKED}!`],
  ['a 304', 'HTTP/1.1 304 Not Modified\r\n\r\n!'],
])('does not use a connection again on which more came than %s', (_, text) => {
  const { events, reader, give } = record();
  give(text);
  expect(events.at(-1)).toMatch(/^end/);
  expect(reader.reusableSeconds).toBe(0);
});

it('does not use a connection again after HEAD or 205, behind which a body may come', () => {
  const head = record('HEAD');
  head.give('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
  expect(head.events).toEqual(['head 200', 'end ""']);
  expect(head.reader.reusableSeconds).toBe(0);
  const reset = record();
  reset.give('HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n');
  expect(reset.reader.reusableSeconds).toBe(0);
});

it('reads one response after another', () => {
  const { events, reader, give } = record();
  give(SIZED);
  reader.begin('HEAD', false);
  give('HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n');
  expect(events.filter((event) => event.startsWith('head'))).toEqual(['head 200', 'head 404']);
});

it('gives the protocol to which the sandbox changes what came behind the head, and only if it was asked for', () => {
  const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const asked = record('GET', true);
  asked.give(`${head}early`);
  expect(asked.events).toEqual(['upgrade "early"']);
  expect(() => record().give(head)).toThrow('changed protocols');
});

it.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['its first byte', 'S'],
  ['bare line feeds', 'HTTP/1.1 200 OK\nX-A: b\n\n'],
  ['a line feed at the start', '\nHTTP/1.1 200 OK'],
  ['an empty line at the start', '\r\nHTTP/1.1 200 OK'],
  ['a control character', 'HTTP/1.1 200 OK\r\nX-A: \x01'],
])('refuses %s at once, though no head has come whole', (_, text) => {
  for (const size of [1, text.length])
    expect(() => record().give(text, size)).toThrow(expect.objectContaining({ code: 'UPSTREAM_MALFORMED' }));
});

it('refuses a head that is larger than the limit, whole or in pieces', () => {
  const large = `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(MAX_HEAD_BYTES)}\r\n\r\n`;
  for (const size of [large.length, 30_000, 1_000])
    expect(() => record().give(large, size)).toThrow('too large');
});

it('calls nothing after it was stopped', () => {
  const { events, reader, give } = record();
  give('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe');
  reader.stop();
  give('llo');
  expect(events).toEqual(['head 200']);
});
