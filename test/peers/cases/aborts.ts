// One side leaves: at each place of a request and of an answer.
import { answer, type Case, GET, OK, post, request } from '../case.ts';
import { readerHas, type Step, sandboxHas } from '../steps.ts';

const CUT = answer('200 OK', ['Content-Length: 5'], 'he');
const CUT_CHUNKS = answer('200 OK', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n');
const CUT_CLOSING = answer('200 OK', ['Connection: close'], 'he');
const OLD = 'GET /user/{id}/x HTTP/1.0\r\nHost: h\r\n\r\n';
const HEAD_ONLY = post(['Content-Length: 5']);
const left = { untilSandboxLeft: true } as const;
const silent: readonly Step[] = [];

export const ABORTS: readonly Case[] = [
  { name: 'the sandbox ends before it answers', send: GET, answer: 'FIN' },
  { name: 'the sandbox resets before it answers', send: GET, answer: 'RESET' },
  {
    name: 'the sandbox ends before it answers a POST',
    send: post(['Content-Length: 5'], 'hello'),
    answer: 'FIN',
  },
  {
    name: 'the sandbox resets before it answers a POST',
    send: post(['Content-Length: 5'], 'hello'),
    answer: 'RESET',
  },
  { name: 'the sandbox ends within the status line', send: GET, answer: ['HTTP/1.1 20', 'FIN'] },
  { name: 'the sandbox ends within the headers', send: GET, answer: ['HTTP/1.1 200 OK\r\nX-A: b', 'FIN'] },
  {
    name: 'the sandbox resets within the headers',
    send: GET,
    answer: ['HTTP/1.1 200 OK\r\nX-A: b', 'RESET'],
  },
  {
    name: 'the sandbox ends short of its length',
    chp: 'fails',
    send: GET,
    answer: [CUT, readerHas('\r\n\r\nhe'), 'FIN'],
  },
  {
    name: 'the sandbox resets short of its length',
    chp: 'unasked',
    send: GET,
    answer: [CUT, readerHas('\r\n\r\nhe'), 'RESET'],
  },
  {
    name: 'the sandbox ends between head and body',
    chp: 'fails',
    send: GET,
    answer: [answer('200 OK', ['Content-Length: 5']), readerHas('200 OK'), 'FIN'],
  },
  {
    name: 'the sandbox ends before the last chunk',
    chp: 'fails',
    send: GET,
    answer: [CUT_CHUNKS, readerHas('hello'), 'FIN'],
  },
  {
    name: 'the sandbox resets before the last chunk',
    chp: 'unasked',
    send: GET,
    answer: [CUT_CHUNKS, readerHas('hello'), 'RESET'],
  },
  {
    name: 'the sandbox ends within a chunk',
    chp: 'fails',
    send: GET,
    answer: [answer('200 OK', ['Transfer-Encoding: chunked'], '5\r\nhe'), readerHas('he'), 'FIN'],
  },
  {
    name: 'the sandbox resets a body without a length',
    chp: 'unasked',
    send: GET,
    answer: [CUT_CLOSING, readerHas('he'), 'RESET'],
  },
  {
    name: 'the sandbox ends short of its length, for HTTP/1.0',
    chp: 'fails',
    send: OLD,
    answer: [CUT, readerHas('\r\n\r\nhe'), 'FIN'],
  },
  {
    name: 'the sandbox ends before the last chunk, for HTTP/1.0',
    chp: 'fails',
    send: OLD,
    answer: [CUT_CHUNKS, readerHas('hello'), 'FIN'],
  },
  {
    name: 'the sandbox resets a body without a length, for HTTP/1.0',
    chp: 'unasked',
    send: OLD,
    answer: [CUT_CLOSING, readerHas('\r\n\r\nhe'), 'RESET'],
  },
  {
    name: 'the sandbox answers amid the body and ends',
    chp: 'unasked',
    send: [HEAD_ONLY, 'he', readerHas('413'), 'llo'],
    answersAt: 'head',
    answer: [
      sandboxHas('he'),
      answer('413 Content Too Large', ['Content-Length: 0', 'Connection: close']),
      'FIN',
    ],
  },
  {
    name: 'the sandbox answers amid the body and goes on',
    chp: 'unasked',
    send: [HEAD_ONLY, 'he', readerHas('200 OK'), 'llo'],
    answersAt: 'head',
    answer: [sandboxHas('he'), OK],
  },
  {
    name: 'the sandbox resets amid the body',
    send: [HEAD_ONLY, 'he'],
    answersAt: 'head',
    answer: [sandboxHas('he'), 'RESET'],
  },
  {
    name: 'the sandbox ends the connection while it is idle',
    chp: 'unasked',
    send: [GET, readerHas('ok'), GET],
    answer: [OK, 'FIN'],
  },
  {
    name: 'the sandbox ends after each answer to a POST',
    chp: 'unasked',
    send: [HEAD_ONLY, 'hello', readerHas('ok'), HEAD_ONLY, 'hello'],
    answer: [OK, 'FIN'],
  },
  {
    name: 'the sandbox says close after each answer',
    send: [GET, readerHas('ok'), GET],
    answer: [answer('200 OK', ['Connection: close', 'Content-Length: 2'], 'ok'), 'FIN'],
  },
  {
    name: 'the sandbox resets on the second request of a connection',
    chp: 'unasked',
    send: [GET, readerHas('ok'), request('POST', 'y', ['Content-Length: 5'], 'hello')],
    answer: [OK, sandboxHas('/y'), 'RESET'],
  },
  {
    ...left,
    name: 'the reader leaves before the answer',
    send: [GET, sandboxHas('GET'), 'RESET'],
    answer: silent,
  },
  {
    ...left,
    name: 'the reader leaves amid the answer',
    send: [GET, readerHas('\r\n\r\nhe'), 'RESET'],
    answer: CUT,
  },
  {
    ...left,
    name: 'the reader leaves amid the chunks',
    send: [GET, readerHas('hello'), 'RESET'],
    answer: CUT_CHUNKS,
  },
  {
    ...left,
    name: 'the reader leaves amid the body',
    send: [HEAD_ONLY, 'he', sandboxHas('he'), 'RESET'],
    answer: silent,
  },
  {
    ...left,
    name: 'the reader ends amid the body',
    send: [HEAD_ONLY, 'he', sandboxHas('he'), 'FIN'],
    answer: silent,
  },
  {
    ...left,
    name: 'the reader ends amid the chunks',
    send: [post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n'), sandboxHas('hello'), 'FIN'],
    answer: silent,
  },
  {
    ...left,
    name: 'the reader leaves amid the head',
    send: ['GET /user/{id}/x HTTP/1.1\r\nHos', 'FIN'],
    methods: ['GET'],
  },
];
