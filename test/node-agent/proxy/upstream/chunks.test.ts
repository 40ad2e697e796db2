// Bodies in chunks (RFC 9112 §7.1): however the bytes are cut, the same body; and nothing that two programs could read differently.
import { describe, expect, it } from 'vitest';
import { ChunkDecoder } from '../../../../node-agent/proxy/upstream/chunks.ts';

interface Decoded {
  readonly body: string;
  readonly isDone: boolean;
  /** What was behind the end. */
  readonly rest: string;
}

/** @param size of each piece that the decoder is given, bytes */
function decode(text: string, size: number): Decoded {
  const decoder = new ChunkDecoder();
  const bytes = Buffer.from(text, 'latin1');
  let body = '';
  let end = 0;
  for (let from = 0; from < bytes.length && !decoder.isDone; from += size) {
    const piece = bytes.subarray(from, from + size);
    end =
      from +
      decoder.decode(piece, 0, (part) => {
        body += part.toString('latin1');
      });
  }
  return { body, isDone: decoder.isDone, rest: bytes.toString('latin1', end) };
}

describe.each([1, 2, 3, 7, 1_000])('in pieces of %i bytes', (size) => {
  it.each([
    ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['several chunks', '5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n', 'hello, world'],
    ['none but the last', '0\r\n\r\n', ''],
    [
      'sizes in both cases, with zeros before',
      '00a\r\n0123456789\r\n0A\r\n0123456789\r\n000\r\n\r\n',
      '0123456789'.repeat(2),
    ],
    ['line breaks and sizes in the data', '9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n0\r\n\r\n\r\n'],
    ['extensions', '5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n', 'hello'],
    ['trailers', '5\r\nhello\r\n0\r\nX-A: b\r\nX-C:\r\n\r\n', 'hello'],
  ])('reads %s', (_, text, body) => {
    expect(decode(text, size)).toEqual({ body, isDone: true, rest: '' });
  });

  it('stops at the end', () => {
    expect(decode('2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK', 1_000).rest).toBe('HTTP/1.1 200 OK');
    expect(decode('2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK', size).body).toBe('ok');
  });

  it.each([
    ['no size', '\r\nhello\r\n0\r\n\r\n'],
    ['an empty size before an extension', ';a\r\n'],
    ['a size that is no number', 'zz\r\nhello\r\n0\r\n\r\n'],
    ['a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a size with a space before it', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['a size with a space behind it', '5 \r\nhello\r\n0\r\n\r\n'],
    ['a size too large to be exact', 'ffffffffffffff\r\nhello'],
    ['a bare line feed behind a size', '5\nhello\r\n0\r\n\r\n'],
    ['a bare carriage return behind a size', '5\rhello'],
    ['a bare line feed in an extension', '5;\nGET / HTTP/1.1\r\nhello\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '5\r\nhello!\r\n0\r\n\r\n'],
    ['a bare line feed behind a chunk', '5\r\nhello\n0\r\n\r\n'],
    ['a bare carriage return behind a chunk', '5\r\nhello\r0\r\n\r\n'],
    ['a bare line feed behind the last chunk', '0\r\n\n'],
    ['a trailer that is none', '0\r\nhello\r\n\r\n'],
    ['a folded trailer', '0\r\nX-A: b\r\n c\r\n\r\n'],
    ['a bare line feed in the trailers', '0\r\nX-A: b\nX-B: c\r\n\r\n'],
    ['an extension without end', `5;${'x'.repeat(5_000)}`],
    ['trailers without end', `0\r\n${'X-A: b\r\n'.repeat(10_000)}`],
  ])('refuses %s', (_, text) => {
    expect(() => decode(text, size)).toThrow(expect.objectContaining({ code: 'UPSTREAM_MALFORMED' }));
  });
});

it('is not done before the last line', () => {
  for (const text of ['5\r\nhello', '5\r\nhello\r\n', '5\r\nhello\r\n0\r\n', '0\r\n\r', '0\r\nX-A: b\r\n'])
    expect(decode(text, 100).isDone).toBe(false);
});
