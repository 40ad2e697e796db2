// Requests for another protocol (RFC 9110 §7.8, RFC 6455): agreed, refused, not understood, cut.
import { answer, type Case, get, OK, request } from '../case.ts';
import { ENDED, readerHas, sandboxHas } from '../steps.ts';

const WS = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const ASK = get(...WS);
const AGREE = answer('101 Switching Protocols', [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
]);
const refused = (status: string, ...lines: string[]): string =>
  answer(status, [...lines, 'Content-Length: 2'], 'no');

export const UPGRADES: readonly Case[] = [
  {
    name: 'agreed',
    send: [ASK, readerHas('101'), 'ping', readerHas('pong'), 'FIN'],
    answer: [AGREE, sandboxHas('ping'), 'pong'],
  },
  {
    name: 'agreed, with bytes of the sandbox behind the head',
    send: [ASK, readerHas('early'), 'FIN'],
    answer: `${AGREE}early`,
  },
  {
    name: 'agreed, with bytes of the reader behind the head',
    chp: 'fails',
    send: [`${ASK}early`, readerHas('got'), 'FIN'],
    answer: [AGREE, sandboxHas('early'), 'got'],
    methods: ['GET'],
  },
  {
    name: 'agreed, with a subprotocol',
    send: [get(...WS, 'Sec-WebSocket-Protocol: a, b'), readerHas('101'), 'FIN'],
    answer: AGREE.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: b\r\n\r\n'),
  },
  {
    name: 'agreed, with Connection: keep-alive, Upgrade',
    send: [get('Connection: keep-alive, Upgrade', ...WS.slice(1)), readerHas('101'), 'FIN'],
    answer: AGREE,
  },
  {
    name: 'agreed, in other capitals',
    send: [get('Connection: upgrade', 'Upgrade: WebSocket', ...WS.slice(2)), readerHas('101'), 'FIN'],
    answer: AGREE,
  },
  { name: 'agreed, and the sandbox ends', send: [ASK, readerHas('bye')], answer: [AGREE, 'bye', 'FIN'] },
  {
    name: 'agreed, and the sandbox resets',
    send: [ASK, readerHas('bye')],
    answer: [AGREE, 'bye', readerHas('bye'), 'RESET'],
  },
  {
    name: 'agreed, the reader ends, the sandbox goes on',
    send: [ASK, readerHas('101'), 'FIN'],
    answer: [AGREE, sandboxHas(ENDED), 'last words', 'FIN'],
  },
  {
    name: 'agreed, with cookies',
    send: [ASK, readerHas('101'), 'FIN'],
    answer: AGREE.replace('\r\n\r\n', '\r\nSet-Cookie: a=b; Path=/user/ID/\r\n\r\n'),
  },
  { name: 'refused with 403', send: ASK, answer: [refused('403 Forbidden'), 'FIN'] },
  { name: 'refused with 403, the connection kept', send: ASK, answer: refused('403 Forbidden') },
  {
    name: 'refused with 404 in chunks',
    send: ASK,
    answer: [answer('404 Not Found', ['Transfer-Encoding: chunked'], '2\r\nno\r\n0\r\n\r\n'), 'FIN'],
  },
  { name: 'refused with 304', send: ASK, answer: [answer('304 Not Modified', ['ETag: "x"']), 'FIN'] },
  { name: 'refused with 204', send: ASK, answer: [answer('204 No Content'), 'FIN'] },
  { name: 'refused with 200', send: ASK, answer: [OK, 'FIN'] },
  {
    name: 'redirected',
    send: ASK,
    answer: [answer('302 Found', ['Location: y', 'Content-Length: 0']), 'FIN'],
  },
  {
    name: 'refused with 426',
    send: ASK,
    answer: [
      refused(
        '426 Upgrade Required',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
      ),
      'FIN',
    ],
  },
  {
    name: '426 for an ordinary request',
    send: get(),
    answer: refused('426 Upgrade Required', 'Connection: Upgrade', 'Upgrade: h2c'),
  },
  { name: 'broken off before an answer', send: ASK, answer: 'RESET' },
  { name: 'ended before an answer', send: ASK, answer: 'FIN' },
  { name: 'answered with no HTTP', send: ASK, answer: ['nonsense\r\n\r\n', 'FIN'] },
  {
    name: 'another protocol',
    send: get('Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
  },
  {
    name: 'another protocol, agreed by the sandbox',
    send: get('Connection: Upgrade', 'Upgrade: irc'),
    answer: [answer('101 Switching Protocols', ['Connection: Upgrade', 'Upgrade: irc']), 'FIN'],
  },
  { name: 'Upgrade that Connection does not name', send: get('Upgrade: websocket', ...WS.slice(2)) },
  { name: 'Upgrade by POST', send: request('POST', 'x', [...WS, 'Content-Length: 5'], 'hello') },
  {
    name: 'Upgrade with a body',
    chp: 'fails',
    send: request('GET', 'x', [...WS, 'Content-Length: 5'], 'hello'),
  },
  {
    name: 'Upgrade from a reader of HTTP/1.0',
    send: `GET /user/{id}/x HTTP/1.0\r\nHost: h\r\n${WS.join('\r\n')}\r\n\r\n`,
    answer: [AGREE, 'FIN'],
  },
  {
    name: 'an Upgrade by a sandbox that the reader did not ask',
    send: get(),
    answer: answer('200 OK', ['Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 2'], 'ok'),
  },
  { name: 'CONNECT to the sandbox', send: 'CONNECT /user/{id}/x HTTP/1.1\r\nHost: h\r\n\r\n' },
];
