// An answer's headers on their way to the reader, with the addresses and cookies in them.
import { answer, type Case, GET, ok } from '../case.ts';

const found = (location: string, status = '302 Found'): string =>
  answer(status, [`Location: ${location}`, 'Content-Length: 0']);
const named = (name: string, send: string): Case => ({ name, send: GET, answer: send });

export const ANSWER_HEADERS: readonly Case[] = [
  named('ordinary ones', ok('ETag: "x"', 'Content-Type: text/plain', 'X-A: b')),
  named('one twice', ok('X-A: b', 'X-A: c')),
  named('Vary twice', ok('Vary: a', 'Vary: b')),
  named('latin1 bytes', ok('X-A: \xe4\xff')),
  named('UTF-8 bytes', ok('X-A: \xc3\xa4')),
  named('a NUL', ok('X-A: a\x00b')),
  named('a folded line', ok('X-A: b', ' c')),
  named('a space before the colon', ok('X-A : b')),
  named('an empty one', ok('X-A:')),
  named('10 KiB', ok(`X-A: ${'a'.repeat(10 * 1024)}`)),
  named('40 KiB', ok(`X-A: ${'a'.repeat(40 * 1024)}`)),
  named('one that Connection names', ok('Connection: x-a', 'X-A: b')),
  named('Keep-Alive', ok('Keep-Alive: timeout=1')),
  named(
    'Proxy-Authenticate',
    answer('407 Proxy Authentication Required', ['Proxy-Authenticate: Basic', 'Content-Length: 0']),
  ),
  named(
    'WWW-Authenticate: Basic',
    answer('401 Unauthorized', ['WWW-Authenticate: Basic realm="x"', 'Content-Length: 0']),
  ),
  named(
    'WWW-Authenticate for programs',
    answer('401 Unauthorized', ['WWW-Authenticate: Token', 'Content-Length: 0']),
  ),
  named('Strict-Transport-Security', ok('Strict-Transport-Security: max-age=1')),
  named('Clear-Site-Data', ok('Clear-Site-Data: "cookies"')),
  named('Service-Worker-Allowed', ok('Service-Worker-Allowed: /')),
  named('X-Frame-Options', ok('X-Frame-Options: DENY')),
  named('a policy about frames', ok("Content-Security-Policy: frame-ancestors 'none'; script-src 'self'")),
  named('X-Accel-Redirect', ok('X-Accel-Redirect: /secret')),
  named('Via', ok('Via: 1.1 within')),
  named('Date', ok('Date: Thu, 01 Jan 2026 00:00:00 GMT')),
  named('a Location below the sandbox', found('/user/s/tree')),
  named('a Location that is relative', found('tree?x#y')),
  named('a Location at the sandbox’s listener', found('http://127.0.0.1:{port}/user/s/tree?x#y')),
  named(
    'a Location at the sandbox’s listener, of 201',
    found('http://127.0.0.1:{port}/user/s/new', '201 Created'),
  ),
  named(
    'a Location at the sandbox’s listener, of 303',
    found('http://127.0.0.1:{port}/user/s/new', '303 See Other'),
  ),
  named(
    'a Location at the sandbox’s listener, by another name',
    found('http://localhost:{port}/user/s/tree'),
  ),
  named(
    'a Location at the sandbox’s listener, with two slashes',
    found('http://127.0.0.1:{port}//evil.example/'),
  ),
  named('a Location at the reader’s own host', found('http://h/user/s/tree')),
  named('a Location elsewhere', found('https://elsewhere.example/')),
  named('a Location at another port of the same host', found('http://127.0.0.1:1/')),
  named('a cookie without a path', ok('Set-Cookie: a=b')),
  named('a cookie of the whole origin', ok('Set-Cookie: a=b; Path=/')),
  named('a cookie of the domain', ok('Set-Cookie: a=b; Domain=example.org; HttpOnly')),
  named('two cookies', ok('Set-Cookie: a=b', 'Set-Cookie: c=d; Max-Age=1')),
  named('a cookie with the name of one of ours', ok('Set-Cookie: tmpfleet_key=x; Path=/')),
  named('a cookie without a name', ok('Set-Cookie: =x')),
];
