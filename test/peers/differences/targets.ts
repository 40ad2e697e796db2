// Where the two differ: request targets (`../cases/targets.ts`).
import { because, type Differences } from '../difference.ts';
import {
  ABSOLUTE_FORM,
  BASE,
  CLIMBS,
  ENCODED_PREFIX,
  FRAGMENT,
  LONE_PERCENT,
  SCHEMES,
  SLASHES,
  TARGET_KEPT,
  VERSION,
} from '../reasons.ts';

export const TARGETS_DIFFERENCES: Differences = {
  'an empty query': because(TARGET_KEPT, [
    'request 1',
    'GET /user/ID/x HTTP/1.1',
    'GET /user/ID/x? HTTP/1.1',
  ]),
  'a lone %': because(
    LONE_PERCENT,
    ['answer 1', "500 of the proxy's own", 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 2) ok'],
    ['request 1', undefined, 'GET /user/ID/100%.ipynb HTTP/1.1'],
  ),
  'a % and one digit': because(
    LONE_PERCENT,
    ['answer 1', "500 of the proxy's own", 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 2) ok'],
    ['request 1', undefined, 'GET /user/ID/a%2 HTTP/1.1'],
  ),
  'characters that belong encoded': because(TARGET_KEPT, [
    'request 1',
    'GET /user/ID/a%22%3C%3E%60%7B|%7Db HTTP/1.1',
    'GET /user/ID/a"<>`{|}b HTTP/1.1',
  ]),
  'two slashes after the id': because(SLASHES, [
    'request 1',
    'GET /user/ID//a HTTP/1.1',
    'GET /user/ID/a HTTP/1.1',
  ]),
  'two slashes at the start': because(
    SLASHES,
    ['answer 1', "404 of the proxy's own", 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 2) ok'],
    ['request 1', undefined, 'GET /user/ID/a HTTP/1.1'],
  ),
  'dot-dot out of the sandbox': because(CLIMBS, [
    'answer 1',
    "404 of the proxy's own",
    "400 of the proxy's own",
  ]),
  'encoded dot-dot out of the sandbox': because(CLIMBS, [
    'answer 1',
    "404 of the proxy's own",
    "400 of the proxy's own",
  ]),
  'dot-dot and an encoded slash out of the sandbox': because(
    CLIMBS,
    ['answer 1', 'HTTP/1.1 200 OK', "400 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['request 1', 'GET /user/ID/..%2fother/x HTTP/1.1', undefined],
  ),
  'dot-dot and a backslash out of the sandbox': because(CLIMBS, [
    'answer 1',
    "404 of the proxy's own",
    "400 of the proxy's own",
  ]),
  'a fragment': because(
    FRAGMENT,
    ['answer 1', 'HTTP/1.1 200 OK', "400 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['request 1', 'GET /user/ID/a HTTP/1.1', undefined],
  ),
  'no slash after the id': because(
    BASE,
    ['answer 1', 'HTTP/1.1 200 OK', "302 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['request 1', 'GET /user/ID HTTP/1.1', undefined],
  ),
  'no slash after the id, a query': because(
    BASE,
    ['answer 1', 'HTTP/1.1 200 OK', "302 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['request 1', 'GET /user/ID?a=b HTTP/1.1', undefined],
  ),
  'an encoded id': because(
    ENCODED_PREFIX,
    ['answer 1', 'HTTP/1.1 200 OK', "404 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['request 1', 'GET /%75ser/ID/x HTTP/1.1', undefined],
  ),
  'absolute form in capitals': because(
    ABSOLUTE_FORM,
    ['request 1 host', undefined, 'H'],
    ['request 1 x-forwarded-host', undefined, 'H'],
  ),
  'absolute form, another host than in Host': because(
    ABSOLUTE_FORM,
    ['request 1 host', undefined, 'other'],
    ['request 1 x-forwarded-host', undefined, 'other'],
  ),
  'absolute form with a user': because(
    SCHEMES,
    ['answer 1', 'HTTP/1.1 200 OK', "404 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['request 1', 'GET /user/ID/x HTTP/1.1', undefined],
  ),
  'absolute form of another scheme': because(
    SCHEMES,
    ['answer 1', 'HTTP/1.1 200 OK', "404 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['request 1', 'GET /user/ID/x HTTP/1.1', undefined],
  ),
  'no version': because(
    VERSION,
    ['answer 1', 'HTTP/1.1 200 OK', "400 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['answer 2', "400 of the proxy's own", undefined],
    ['request 1', 'GET /user/ID/x HTTP/1.1', undefined],
    ['request 1 host', '127.0.0.1:PORT', undefined],
    ['request 1 x-forwarded-host', '', undefined],
  ),
};
