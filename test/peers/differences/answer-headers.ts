// Where the two differ: headers of an answer (`../cases/answer-headers.ts`).
import { because, type Differences } from '../difference.ts';
import {
  BAD_GATEWAY,
  CONNECTION,
  COOKIES,
  FRAMES,
  HOP_BY_HOP,
  LARGER,
  LOCATION,
  ORIGIN,
  SEPARATE_LINES,
} from '../reasons.ts';

export const ANSWER_HEADERS_DIFFERENCES: Differences = {
  'one twice': because(SEPARATE_LINES, ['answer 1 x-a', 'b, c', 'b + c']),
  'Vary twice': because(SEPARATE_LINES, ['answer 1 vary', 'a, b', 'a + b']),
  'a NUL': because(BAD_GATEWAY, ['answer 1', "503 of the proxy's own", "502 of the proxy's own"]),
  'a folded line': because(BAD_GATEWAY, ['answer 1', "503 of the proxy's own", "502 of the proxy's own"]),
  'a space before the colon': because(BAD_GATEWAY, [
    'answer 1',
    "503 of the proxy's own",
    "502 of the proxy's own",
  ]),
  '40 KiB': because(
    LARGER,
    ['answer 1', "503 of the proxy's own", 'HTTP/1.1 200 OK'],
    ['answer 1 x-a', undefined, '40960 bytes'],
    ['answer 1 body', undefined, '(content-length 2) ok'],
  ),
  'one that Connection names': because(
    CONNECTION,
    ['answer 1 connection', 'x-a', undefined],
    ['answer 1 x-a', 'b', undefined],
  ),
  'Proxy-Authenticate': because(HOP_BY_HOP, ['answer 1 proxy-authenticate', 'Basic', undefined]),
  'WWW-Authenticate: Basic': because(ORIGIN, ['answer 1 www-authenticate', 'Basic realm="x"', 'Sandbox']),
  'Strict-Transport-Security': because(ORIGIN, [
    'answer 1 strict-transport-security',
    'max-age=1',
    undefined,
  ]),
  'Clear-Site-Data': because(ORIGIN, ['answer 1 clear-site-data', '"cookies"', undefined]),
  'Service-Worker-Allowed': because(ORIGIN, ['answer 1 service-worker-allowed', '/', undefined]),
  'X-Frame-Options': because(FRAMES, ['answer 1 x-frame-options', 'DENY', undefined]),
  'a policy about frames': because(FRAMES, [
    'answer 1 content-security-policy',
    "frame-ancestors 'none'; script-src 'self'",
    "script-src 'self'",
  ]),
  'X-Accel-Redirect': because(ORIGIN, ['answer 1 x-accel-redirect', '/secret', undefined]),
  'a Location at the sandbox’s listener': because(LOCATION, [
    'answer 1 location',
    'http://h:PORT/user/s/tree?x#y',
    '/user/s/tree?x#y',
  ]),
  'a Location at the sandbox’s listener, of 201': because(LOCATION, [
    'answer 1 location',
    'http://h:PORT/user/s/new',
    '/user/s/new',
  ]),
  'a Location at the sandbox’s listener, of 303': because(LOCATION, [
    'answer 1 location',
    'http://127.0.0.1:PORT/user/s/new',
    '/user/s/new',
  ]),
  'a Location at the sandbox’s listener, by another name': because(LOCATION, [
    'answer 1 location',
    'http://localhost:PORT/user/s/tree',
    '/user/s/tree',
  ]),
  'a Location at the sandbox’s listener, with two slashes': because(LOCATION, [
    'answer 1 location',
    'http://h:PORT//evil.example/',
    '/evil.example/',
  ]),
  'a cookie without a path': because(COOKIES, ['answer 1 set-cookie', 'a=b', 'a=b; Path=/user/ID/']),
  'a cookie of the whole origin': because(COOKIES, [
    'answer 1 set-cookie',
    'a=b; Path=/',
    'a=b; Path=/user/ID/',
  ]),
  'a cookie of the domain': because(COOKIES, [
    'answer 1 set-cookie',
    'a=b; Domain=example.org; HttpOnly',
    'a=b; HttpOnly; Path=/user/ID/',
  ]),
  'two cookies': because(COOKIES, [
    'answer 1 set-cookie',
    'a=b + c=d; Max-Age=1',
    'a=b; Path=/user/ID/ + c=d; Max-Age=1; Path=/user/ID/',
  ]),
  'a cookie with the name of one of ours': because(COOKIES, [
    'answer 1 set-cookie',
    'tmpfleet_key=x; Path=/',
    undefined,
  ]),
  'a cookie without a name': because(COOKIES, ['answer 1 set-cookie', '=x', undefined]),
};
