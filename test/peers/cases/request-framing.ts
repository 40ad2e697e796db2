// Where a request ends (RFC 9112 §6): lengths and codings, good and bad.
import { answer, type Case, GET, post, request } from '../case.ts';

const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

export const REQUEST_FRAMING: readonly Case[] = [
  { name: 'a length', send: post(['Content-Length: 5'], 'hello') },
  { name: 'a length of 0', send: post(['Content-Length: 0']) },
  { name: 'a length with zeros before it', send: post(['Content-Length: 0005'], 'hello') },
  { name: 'a length with spaces around it', send: post(['Content-Length:   5  '], 'hello') },
  { name: 'a POST without a length', send: post([]) },
  { name: 'a PUT without a length', send: request('PUT', 'x') },
  { name: 'a DELETE without a length', send: request('DELETE', 'x') },
  { name: 'a DELETE with a body', send: request('DELETE', 'x', ['Content-Length: 5'], 'hello') },
  { name: 'a DELETE with chunks', send: request('DELETE', 'x', ['Transfer-Encoding: chunked'], CHUNKS) },
  { name: 'a GET with a body', send: request('GET', 'x', ['Content-Length: 5'], 'hello') },
  { name: 'a GET with chunks', send: request('GET', 'x', ['Transfer-Encoding: chunked'], CHUNKS) },
  {
    name: 'a HEAD with a body',
    send: request('HEAD', 'x', ['Content-Length: 5'], 'hello'),
    answer: answer('200 OK', ['Content-Length: 2']),
  },
  { name: 'an OPTIONS without a length', send: request('OPTIONS', 'x') },
  { name: 'an OPTIONS with chunks', send: request('OPTIONS', 'x', ['Transfer-Encoding: chunked'], CHUNKS) },
  { name: 'a PATCH with a body', send: request('PATCH', 'x', ['Content-Length: 5'], 'hello') },
  { name: 'a PROPFIND with a body', send: request('PROPFIND', 'x', ['Content-Length: 5'], 'hello') },
  { name: 'chunks', send: post(['Transfer-Encoding: chunked'], CHUNKS) },
  { name: 'no chunk but the last', send: post(['Transfer-Encoding: chunked'], '0\r\n\r\n') },
  { name: 'chunks, the coding in capitals', send: post(['Transfer-Encoding: CHUNKED'], CHUNKS) },
  {
    name: 'chunks, sizes in capitals and with zeros',
    send: post(['Transfer-Encoding: chunked'], '00A\r\n0123456789\r\n000\r\n\r\n'),
  },
  {
    name: 'chunks with extensions',
    send: post(['Transfer-Encoding: chunked'], '5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'),
  },
  {
    name: 'chunks with a trailer',
    send: post(['Transfer-Encoding: chunked', 'Trailer: X-T'], '5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n'),
  },
  {
    name: 'a request in a chunk extension',
    send: post(['Transfer-Encoding: chunked'], '5;\nGET /user/{id}/evil HTTP/1.1\r\nhello\r\n0\r\n\r\n'),
    methods: ['POST'],
  },
  {
    name: 'a chunk size with a sign',
    send: post(['Transfer-Encoding: chunked'], '+5\r\nhello\r\n0\r\n\r\n'),
  },
  { name: 'a chunk size with 0x', send: post(['Transfer-Encoding: chunked'], '0x5\r\nhello\r\n0\r\n\r\n') },
  {
    name: 'a chunk size with a space before it',
    send: post(['Transfer-Encoding: chunked'], ' 5\r\nhello\r\n0\r\n\r\n'),
  },
  {
    name: 'a chunk size with a space behind it',
    send: post(['Transfer-Encoding: chunked'], '5 \r\nhello\r\n0\r\n\r\n'),
  },
  {
    name: 'a chunk size that is too large for any number',
    send: post(['Transfer-Encoding: chunked'], 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'),
  },
  {
    name: 'a chunk longer than its size',
    send: post(['Transfer-Encoding: chunked'], '5\r\nhello!\r\n0\r\n\r\n'),
  },
  { name: 'chunks with bare line feeds', send: post(['Transfer-Encoding: chunked'], '5\nhello\n0\n\n') },
  { name: 'a length and chunks', send: post(['Content-Length: 5', 'Transfer-Encoding: chunked'], CHUNKS) },
  { name: 'chunks and a length', send: post(['Transfer-Encoding: chunked', 'Content-Length: 5'], CHUNKS) },
  { name: 'two lengths, the same', send: post(['Content-Length: 5', 'Content-Length: 5'], 'hello') },
  { name: 'two lengths, different', send: post(['Content-Length: 5', 'Content-Length: 6'], 'hello!') },
  { name: 'a list as length', send: post(['Content-Length: 5, 5'], 'hello') },
  { name: 'a length with a sign', send: post(['Content-Length: +5'], 'hello') },
  { name: 'a length below 0', send: post(['Content-Length: -5'], 'hello') },
  { name: 'an empty length', send: post(['Content-Length:'], 'hello') },
  { name: 'a length in hexadecimal', send: post(['Content-Length: 0x5'], 'hello') },
  {
    name: 'a length too large for any number',
    send: post(['Content-Length: 99999999999999999999'], 'hello'),
  },
  { name: 'a coding that is none', send: post(['Transfer-Encoding: xchunked'], CHUNKS) },
  { name: 'identity as coding', send: post(['Transfer-Encoding: identity'], CHUNKS) },
  { name: 'gzip below chunks', send: post(['Transfer-Encoding: gzip, chunked'], CHUNKS) },
  { name: 'chunks below gzip', send: post(['Transfer-Encoding: chunked, gzip'], CHUNKS) },
  { name: 'chunks twice', send: post(['Transfer-Encoding: chunked, chunked'], CHUNKS) },
  {
    name: 'two lines of codings',
    send: post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], CHUNKS),
  },
  { name: 'a coding with a vertical tab', send: post(['Transfer-Encoding: \x0bchunked'], CHUNKS) },
  { name: 'a space before the colon of a length', send: post(['Content-Length : 5'], 'hello') },
  { name: 'a folded coding', send: post(['Transfer-Encoding:', ' chunked'], CHUNKS) },
  {
    name: 'chunks from a reader of HTTP/1.0',
    send: `POST /user/{id}/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
  },
  {
    name: 'a length from a reader of HTTP/1.0',
    send: 'POST /user/{id}/x HTTP/1.0\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
  },
  { name: 'an empty line before the request', send: `\r\n${GET}` },
  {
    name: 'bare line feeds between the lines',
    send: 'GET /user/{id}/x HTTP/1.1\nHost: h\n\n',
    methods: ['GET'],
  },
  {
    name: 'bytes behind a request that are none',
    send: `${post(['Content-Length: 5'], 'hello')}garbage\r\n\r\n`,
    methods: ['POST', 'GET'],
  },
];
