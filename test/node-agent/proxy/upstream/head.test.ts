// Heads of responses: which are valid, and how each says where its body ends (RFC 9112 §4, §5, §6.3).
import { expect, it } from 'vitest';
import { parseHead } from '../../../../node-agent/proxy/upstream/head.ts';

const OK = 'HTTP/1.1 200 OK\r\n';

it.each([
  ['a length', 'GET', `${OK}Content-Length: 5`, 'length'],
  ['a length of 0', 'GET', `${OK}Content-Length: 0`, 'none'],
  ['spaces and tabs around a length', 'GET', `${OK}Content-Length: \t5 \t`, 'length'],
  ['chunks', 'GET', `${OK}Transfer-Encoding: chunked`, 'chunks'],
  ['chunks in capitals', 'GET', `${OK}TRANSFER-ENCODING: CHUNKED`, 'chunks'],
  ['a coding below chunks', 'GET', `${OK}Transfer-Encoding: gzip, chunked`, 'chunks'],
  ['codings on two lines', 'GET', `${OK}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked`, 'chunks'],
  ['a coding that is not chunks', 'GET', `${OK}Transfer-Encoding: gzip`, 'closing'],
  ['nothing', 'GET', 'HTTP/1.1 200 OK', 'closing'],
  ['a length, to HEAD', 'HEAD', `${OK}Content-Length: 5`, 'none'],
  ['chunks, to HEAD', 'HEAD', `${OK}Transfer-Encoding: chunked`, 'none'],
  ['a length, with 204', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5', 'none'],
  ['chunks, with 304', 'GET', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked', 'none'],
  ['a length, with 103', 'GET', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 5', 'none'],
])('%s', (_, method, text, framing) => {
  const head = parseHead(text, method);
  expect(head.framing).toBe(framing);
  expect(head.length).toBe(framing === 'length' ? 5 : 0);
});

it.each([
  ['no HTTP', 'SSH-2.0-OpenSSH_9.6'],
  ['HTTP/0.9', 'HTTP/0.9 200 OK'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK'],
  ['another case', 'http/1.1 200 OK'],
  ['two spaces before the status', 'HTTP/1.1  200 OK'],
  ['a status of two digits', 'HTTP/1.1 99 Low'],
  ['a status of four digits', 'HTTP/1.1 2000 OK'],
  ['a status that is no number', 'HTTP/1.1 2x0 OK'],
  ['a control character in the reason', 'HTTP/1.1 200 O\x01K'],
  ['a line feed in the status line', 'HTTP/1.1 200 OK\nX-A: b'],
  ['a header without a colon', `${OK}X-A`],
  ['a header without a name', `${OK}: b`],
  ['a space before the colon', `${OK}X-A : b`],
  ['a space before the name', `${OK} X-A: b`],
  ['a folded header', `${OK}X-A: b\r\n c`],
  ['a folded header that has a colon', `${OK}X-A: b\r\n\tc: d`],
  ['a name that is no token', `${OK}X(A): b`],
  ['a name in latin1', `${OK}X-\xe9: b`],
  ['a bare line feed in a value', `${OK}X-A: b\nX-B: c`],
  ['a bare carriage return in a value', `${OK}X-A: b\rX-B: c`],
  ['a zero byte in a value', `${OK}X-A: b\0c`],
  ['an empty line', `${OK}X-A: b\r\n\r\nX-B: c`],
  ['two lengths', `${OK}Content-Length: 5\r\nContent-Length: 6`],
  ['two lengths that are the same', `${OK}Content-Length: 5\r\ncontent-length: 5`],
  ['a list as length', `${OK}Content-Length: 5, 5`],
  ['an empty length', `${OK}Content-Length:`],
  ['a length with a sign', `${OK}Content-Length: +5`],
  ['a length below 0', `${OK}Content-Length: -5`],
  ['a length in hexadecimal', `${OK}Content-Length: 0x5`],
  ['a length with a fraction', `${OK}Content-Length: 5.0`],
  ['a length with a vertical tab', `${OK}Content-Length: \x0b5`],
  ['a length too large to be exact', `${OK}Content-Length: 9999999999999999`],
  ['a length and chunks', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked`],
  ['chunks and a length', `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5`],
  ['a length and another coding', `${OK}Content-Length: 5\r\nTransfer-Encoding: gzip`],
  ['chunks twice', `${OK}Transfer-Encoding: chunked, chunked`],
  ['chunks below a coding', `${OK}Transfer-Encoding: chunked, gzip`],
])('refuses a head with %s', (_, text) => {
  expect(() => parseHead(text, 'GET')).toThrow(expect.objectContaining({ code: 'UPSTREAM_MALFORMED' }));
});

it.each([
  ['HTTP/1.1', '', true],
  ['HTTP/1.1', 'Connection: close\r\n', false],
  ['HTTP/1.1', 'Connection: x, CLOSE\r\n', false],
  ['HTTP/1.1', 'Connection: x\r\nConnection: close\r\n', false],
  ['HTTP/1.1', 'Connection: disclose\r\n', true],
  ['HTTP/1.0', '', false],
  ['HTTP/1.0', 'Connection: Keep-Alive\r\n', true],
])('%s with %j keeps the connection: %s', (version, lines, keeps) => {
  expect(parseHead(`${version} 200 OK\r\n${lines}Content-Length: 0`, 'GET').keepsAlive).toBe(keeps);
});

it('keeps no connection behind a body that ends with it, nor behind a coding in HTTP/1.0', () => {
  expect(parseHead(`${OK}Connection: keep-alive`, 'GET').keepsAlive).toBe(false);
  const old = 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked';
  expect(parseHead(old, 'GET').keepsAlive).toBe(false);
});

it('keeps the bytes of names, values and the reason', () => {
  const head = parseHead('HTTP/1.1 299 Tr\xe8s bien \r\nX-a: \xff b\tc \r\nX-A:\r\nSet-Cookie: a=b', 'GET');
  expect(head).toMatchObject({ status: 299, reason: 'Tr\xe8s bien ' });
  expect(head.rawHeaders).toEqual(['X-a', '\xff b\tc', 'X-A', '', 'Set-Cookie', 'a=b']);
});

it.each([
  ['timeout=5', 5],
  ['timeout=5, max=100', 5],
  ['max=100, Timeout=7', 7],
  ['max=100', Number.POSITIVE_INFINITY],
  ['xtimeout=5', Number.POSITIVE_INFINITY],
  ['timeout=0', 0],
])('reads how long the sandbox keeps the connection: %s', (value, seconds) => {
  const { keepAliveSeconds } = parseHead(`${OK}Keep-Alive: ${value}\r\nContent-Length: 0`, 'GET');
  expect(keepAliveSeconds).toBe(seconds);
});
