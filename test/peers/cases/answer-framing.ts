// Where an answer of the sandbox ends (RFC 9112 §6): lengths, codings, closing; good and bad.
import { answer, type Case, GET, get, request } from '../case.ts';
import { readerHas } from '../steps.ts';

const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';
const OLD = 'GET /user/{id}/x HTTP/1.0\r\nHost: h\r\n\r\n';
const chunked = (body: string, ...lines: string[]): string =>
  answer('200 OK', ['Transfer-Encoding: chunked', ...lines], body);
const sized = (...lines: string[]): string => answer('200 OK', lines, 'hello');

export const ANSWER_FRAMING: readonly Case[] = [
  { name: 'a length', send: GET, answer: sized('Content-Length: 5') },
  {
    name: 'a length, the body later than the head',
    chp: 'fails',
    send: GET,
    answer: [answer('200 OK', ['Content-Length: 5']), readerHas('200 OK'), 'hello'],
  },
  { name: 'a length, for a reader of HTTP/1.0', send: OLD, answer: sized('Content-Length: 5') },
  {
    name: 'a length, for a reader of HTTP/1.0 who keeps the connection',
    send: 'GET /user/{id}/x HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n',
    answer: sized('Content-Length: 5'),
  },
  { name: 'chunks', send: GET, answer: chunked(CHUNKS) },
  {
    name: 'chunks, each by itself',
    send: GET,
    answer: [
      chunked('5\r\nhello\r\n'),
      readerHas('hello'),
      '6\r\n world\r\n',
      readerHas('world'),
      '0\r\n\r\n',
    ],
  },
  { name: 'chunks, for a reader of HTTP/1.0', send: OLD, answer: chunked(CHUNKS) },
  { name: 'chunks with extensions', send: GET, answer: chunked('5;a=b\r\nhello\r\n0;c\r\n\r\n') },
  {
    name: 'chunks with a trailer',
    send: get('TE: trailers'),
    answer: chunked('5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n', 'Trailer: X-T'),
  },
  { name: 'until the connection closes', send: GET, answer: [sized('Connection: close'), 'FIN'] },
  { name: 'until the connection closes, without saying so', send: GET, answer: [sized(), 'FIN'] },
  {
    name: 'until the connection closes, for a reader of HTTP/1.0',
    send: OLD,
    answer: [sized('Connection: close'), 'FIN'],
  },
  { name: 'nothing until the connection closes', send: GET, answer: [answer('200 OK'), 'FIN'] },
  {
    name: 'HTTP/1.0 with a length',
    send: GET,
    answer: ['HTTP/1.0 200 OK\r\nX-From: sandbox\r\nContent-Length: 5\r\n\r\nhello', 'FIN'],
  },
  {
    name: 'HTTP/1.0 until the connection closes',
    send: GET,
    answer: ['HTTP/1.0 200 OK\r\nX-From: sandbox\r\n\r\nhello', 'FIN'],
  },
  {
    name: 'a length, and the connection closes',
    send: GET,
    answer: [sized('Content-Length: 5', 'Connection: close'), 'FIN'],
  },
  {
    name: 'a length, and the connection closes without saying so',
    chp: 'unasked',
    send: GET,
    answer: [sized('Content-Length: 5'), 'FIN'],
  },
  {
    name: 'a length and chunks',
    send: GET,
    answer: answer('200 OK', ['Content-Length: 5', 'Transfer-Encoding: chunked'], CHUNKS),
  },
  { name: 'two lengths, the same', send: GET, answer: sized('Content-Length: 5', 'Content-Length: 5') },
  { name: 'two lengths, different', send: GET, answer: sized('Content-Length: 5', 'Content-Length: 4') },
  { name: 'a length that is no number', send: GET, answer: sized('Content-Length: 5x') },
  { name: 'a length below 0', send: GET, answer: sized('Content-Length: -5') },
  {
    name: 'a chunk size that is no number',
    chp: 'unasked',
    send: GET,
    answer: chunked('zz\r\nhello\r\n0\r\n\r\n'),
  },
  {
    name: 'gzip as coding below chunks',
    send: GET,
    answer: answer('200 OK', ['Transfer-Encoding: gzip, chunked'], CHUNKS),
  },
  {
    name: 'an unknown coding until closing',
    send: GET,
    answer: [answer('200 OK', ['Transfer-Encoding: zip'], 'hello'), 'FIN'],
  },
  {
    name: 'a body longer than its length',
    chp: 'unasked',
    send: GET,
    answer: answer('200 OK', ['Content-Length: 5'], 'hello, and a second answer'),
  },
  {
    name: 'a second answer that was not asked for',
    chp: 'unasked',
    send: GET,
    answer: answer(
      '200 OK',
      ['Content-Length: 5'],
      `hello${answer('200 OK', ['Content-Length: 4'], 'evil')}`,
    ),
  },
  { name: 'no HTTP at all', send: GET, answer: ['SSH-2.0-OpenSSH_9.6\r\n\r\n', 'FIN'] },
  {
    name: 'a status line without a reason',
    send: GET,
    answer: 'HTTP/1.1 200\r\nX-From: sandbox\r\nContent-Length: 2\r\n\r\nok',
  },
  { name: 'a reason of its own', send: GET, answer: answer('299 Quite Fine', ['Content-Length: 2'], 'ok') },
  { name: 'a reason in latin1', send: GET, answer: answer('200 Tr\xe8s bien', ['Content-Length: 2'], 'ok') },
  {
    name: 'a status of two digits',
    send: GET,
    answer: [answer('99 Low', ['Content-Length: 2'], 'ok'), 'FIN'],
  },
  { name: 'a status of 600', send: GET, answer: answer('600 High', ['Content-Length: 2'], 'ok') },
  {
    name: 'bare line feeds between the lines',
    send: GET,
    answer: ['HTTP/1.1 200 OK\nX-From: sandbox\nContent-Length: 2\n\nok', 'FIN'],
  },
  {
    name: 'HTTP/2.0 in the status line',
    send: GET,
    answer: ['HTTP/2.0 200 OK\r\nX-From: sandbox\r\nContent-Length: 2\r\n\r\nok', 'FIN'],
  },
  { name: 'every byte by itself', send: GET, answer: [...sized('Content-Length: 5')] },
  {
    name: 'a body of 100,000 bytes',
    send: GET,
    answer: answer('200 OK', ['Content-Length: 100000'], 'x'.repeat(100_000)),
  },
  { name: 'CONNECT', send: 'CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n' },
  {
    name: 'a PUT answered with a body',
    send: request('PUT', 'x', ['Content-Length: 2'], 'ok'),
    answer: sized('Content-Length: 5'),
  },
];
