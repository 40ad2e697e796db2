// Several requests on one connection, one after another or at one time (RFC 9112 §9.3).
import { answer, type Case, GET, get, ok, post, request } from '../case.ts';
import { readerHas, sandboxHas } from '../steps.ts';

const HELLO = post(['Content-Length: 5'], 'hello');
const CHUNKED = post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n');
const OLD = 'GET /user/{id}/x HTTP/1.0\r\nHost: h\r\n';

export const PIPELINING: readonly Case[] = [
  { name: 'two requests at one time', send: GET + request('GET', 'y') },
  { name: 'five requests at one time', send: GET.repeat(5) },
  { name: 'bodies at one time', send: HELLO + CHUNKED + HELLO },
  {
    name: 'HEAD, GET and HEAD',
    send: request('HEAD', 'x') + GET + request('HEAD', 'x'),
    answer: answer('200 OK', ['Content-Length: 0']),
  },
  {
    name: 'a request in two packets',
    send: ['GET /user/{id}/x HT', 'TP/1.1\r\nHost: h\r\n\r\n'],
    methods: ['GET'],
  },
  { name: 'one request after another', send: [GET, readerHas('ok'), request('GET', 'y'), sandboxHas('/y')] },
  { name: 'a reader who closes', send: get('Connection: close') },
  { name: 'a reader who closes, in capitals', send: get('Connection: CLOSE') },
  { name: 'requests behind one that closes', send: get('Connection: close') + GET, methods: ['GET'] },
  { name: 'a reader of HTTP/1.0', send: `${OLD}\r\n` },
  { name: 'a reader of HTTP/1.0 who keeps the connection', send: `${OLD}Connection: keep-alive\r\n\r\n` },
  { name: 'a reader of HTTP/1.0 without Host', send: 'GET /user/{id}/x HTTP/1.0\r\n\r\n' },
  { name: 'a reader of HTTP/1.2', send: 'GET /user/{id}/x HTTP/1.2\r\nHost: h\r\n\r\n', methods: ['GET'] },
  { name: 'a malformed request behind a good one', send: `${GET}GARBAGE\r\n\r\n`, methods: ['GET', 'GET'] },
  {
    name: 'an error of the sandbox, and the next',
    send: GET + GET,
    answer: answer('500 Internal Server Error', ['Content-Length: 3'], 'bad'),
  },
  {
    name: 'the sandbox closes, the reader goes on',
    send: GET + GET,
    answer: [ok('Connection: close'), 'FIN'],
  },
  { name: 'the proxy connection header', send: get('Proxy-Connection: keep-alive') },
  { name: 'two connection headers', send: get('Connection: keep-alive', 'Connection: close') },
  { name: 'the start of HTTP/2', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', methods: ['PRI'] },
];
