// Interim answers (RFC 9110 §15.2) and the expectation of one (§10.1.1).
import { answer, type Case, GET, OK, post } from '../case.ts';
import { readerHas, sandboxHas } from '../steps.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const PROCESSING = 'HTTP/1.1 102 Processing\r\n\r\n';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
const OLD = 'GET /user/{id}/x HTTP/1.0\r\nHost: h\r\n\r\n';
const EXPECT = ['Expect: 100-continue', 'Content-Length: 5'];
const REFUSAL = answer('413 Content Too Large', ['Content-Length: 3'], 'big');

export const INTERIM: readonly Case[] = [
  { name: '100 that was not asked for', send: GET, answer: CONTINUE + OK },
  { name: '100 that was not asked for, by itself', send: GET, answer: [CONTINUE, OK] },
  { name: '100 with headers', send: GET, answer: `HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n${OK}` },
  { name: '100 twice', send: GET, answer: CONTINUE + CONTINUE + OK },
  {
    name: '100 for a POST that did not ask',
    send: post(['Content-Length: 5'], 'hello'),
    answer: CONTINUE + OK,
  },
  { name: '102', send: GET, answer: PROCESSING + OK },
  { name: '103', send: GET, answer: [HINTS, OK] },
  { name: '103 twice', send: GET, answer: HINTS + HINTS + OK },
  { name: '100, 102 and 103', send: GET, answer: CONTINUE + PROCESSING + HINTS + OK },
  { name: '103 for a reader of HTTP/1.0', send: OLD, answer: HINTS + OK },
  { name: '103 before a 304', send: GET, answer: HINTS + answer('304 Not Modified') },
  {
    name: '103 with a hop-by-hop header',
    send: GET,
    answer: `HTTP/1.1 103 Early Hints\r\nConnection: x-a\r\nX-A: b\r\n\r\n${OK}`,
  },
  { name: '199', send: GET, answer: `HTTP/1.1 199 Odd\r\n\r\n${OK}` },
  { name: '103, then nothing', send: GET, answer: [HINTS, 'FIN'] },
  { name: '103, pipelined', send: GET + GET, answer: HINTS + OK },
  {
    name: '101 that was not asked for',
    chp: 'fails',
    send: GET,
    answer: ['HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', 'FIN'],
  },
  {
    name: 'Expect: a sandbox that wants the body',
    send: [post(EXPECT), readerHas('100 Continue'), 'hello'],
    answersAt: 'head',
    answer: [CONTINUE, sandboxHas('hello'), OK],
  },
  {
    name: 'Expect: a sandbox that refuses at the head',
    send: post(EXPECT),
    answersAt: 'head',
    answer: REFUSAL,
  },
  {
    name: 'Expect: a sandbox that refuses after the body',
    send: [post(EXPECT), readerHas('100 Continue'), 'hello'],
    answersAt: 'head',
    answer: [CONTINUE, sandboxHas('hello'), REFUSAL],
  },
  { name: 'Expect: a reader who does not wait', send: post(EXPECT, 'hello') },
  {
    name: 'Expect: in capitals',
    send: [post(['Expect: 100-CONTINUE', 'Content-Length: 5']), readerHas('100 Continue'), 'hello'],
    answersAt: 'head',
    answer: [CONTINUE, sandboxHas('hello'), OK],
  },
  {
    name: 'Expect: with chunks',
    send: [
      post(['Expect: 100-continue', 'Transfer-Encoding: chunked']),
      readerHas('100 Continue'),
      '5\r\nhello\r\n0\r\n\r\n',
    ],
    answersAt: 'head',
    answer: [CONTINUE, sandboxHas('hello'), OK],
  },
  { name: 'Expect: without a body', send: post(['Expect: 100-continue', 'Content-Length: 0']) },
  { name: 'Expect: something else', send: post(['Expect: wonders', 'Content-Length: 5'], 'hello') },
  {
    name: 'Expect: a reader of HTTP/1.0',
    send: 'POST /user/{id}/x HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
  },
  { name: 'Expect: a sandbox that breaks off', send: post(EXPECT), answersAt: 'head', answer: 'RESET' },
  {
    name: 'Expect: redirected at the head',
    send: post(EXPECT),
    answersAt: 'head',
    answer: answer('307 Temporary Redirect', ['Location: y', 'Content-Length: 0']),
  },
];
