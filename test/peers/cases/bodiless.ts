// Answers that end with their head, by status or method (RFC 9112 §6.3), whatever the head says about a body.
import { answer, type Case, GET, get, request } from '../case.ts';

const HEAD = request('HEAD', 'x');

export const BODILESS: readonly Case[] = [
  {
    name: '304 with a length',
    send: GET,
    answer: answer('304 Not Modified', ['ETag: "x"', 'Content-Length: 5']),
  },
  { name: '304 without a length', send: GET, answer: answer('304 Not Modified', ['ETag: "x"']) },
  {
    name: '304 that says chunks',
    send: GET,
    answer: answer('304 Not Modified', ['Transfer-Encoding: chunked']),
  },
  {
    name: '304 with a length and a body',
    chp: 'unasked',
    send: GET,
    answer: answer('304 Not Modified', ['Content-Length: 5'], 'hello'),
  },
  {
    name: '304 with a length, and the connection ends',
    send: GET,
    answer: [answer('304 Not Modified', ['Content-Length: 5', 'Connection: close']), 'FIN'],
  },
  { name: '304 for HEAD', send: HEAD, answer: answer('304 Not Modified', ['Content-Length: 5']) },
  {
    name: '304 with a length, pipelined',
    send: GET + GET,
    answer: answer('304 Not Modified', ['Content-Length: 5']),
  },
  { name: '204', send: GET, answer: answer('204 No Content') },
  { name: '204 with a length', send: GET, answer: answer('204 No Content', ['Content-Length: 5']) },
  { name: '204 with a length of 0', send: GET, answer: answer('204 No Content', ['Content-Length: 0']) },
  {
    name: '204 that says chunks',
    send: GET,
    answer: answer('204 No Content', ['Transfer-Encoding: chunked']),
  },
  {
    name: '204 with a body',
    chp: 'unasked',
    send: GET,
    answer: answer('204 No Content', ['Content-Length: 5'], 'hello'),
  },
  { name: '204 for a DELETE', send: request('DELETE', 'x'), answer: answer('204 No Content') },
  { name: '204 pipelined', send: GET + GET, answer: answer('204 No Content', ['Content-Length: 5']) },
  { name: '205 with a length of 0', send: GET, answer: answer('205 Reset Content', ['Content-Length: 0']) },
  {
    name: '205 with no chunk but the last',
    send: GET,
    answer: answer('205 Reset Content', ['Transfer-Encoding: chunked'], '0\r\n\r\n'),
  },
  { name: '205 with a body', send: GET, answer: answer('205 Reset Content', ['Content-Length: 5'], 'hello') },
  { name: 'HEAD with a length', send: HEAD, answer: answer('200 OK', ['Content-Length: 5']) },
  { name: 'HEAD without a length', send: HEAD, answer: answer('200 OK') },
  { name: 'HEAD that says chunks', send: HEAD, answer: answer('200 OK', ['Transfer-Encoding: chunked']) },
  {
    name: 'HEAD with a body',
    chp: 'unasked',
    send: HEAD,
    answer: answer('200 OK', ['Content-Length: 5'], 'hello'),
  },
  { name: 'HEAD of an error', send: HEAD, answer: answer('404 Not Found', ['Content-Length: 5']) },
  { name: 'HEAD and GET pipelined', send: HEAD + GET, answer: answer('200 OK', ['Content-Length: 0']) },
  { name: '200 with a length of 0', send: GET, answer: answer('200 OK', ['Content-Length: 0']) },
  {
    name: '302 without a body',
    send: GET,
    answer: answer('302 Found', ['Location: y', 'Content-Length: 0']),
  },
  {
    name: '412 for a condition',
    send: get('If-Match: "y"'),
    answer: answer('412 Precondition Failed', ['Content-Length: 0']),
  },
  {
    name: '416 for a range',
    send: get('Range: bytes=9-'),
    answer: answer('416 Range Not Satisfiable', ['Content-Range: bytes */5', 'Content-Length: 0']),
  },
  {
    name: '206 for a range',
    send: get('Range: bytes=0-1'),
    answer: answer('206 Partial Content', ['Content-Range: bytes 0-1/5', 'Content-Length: 2'], 'he'),
  },
];
