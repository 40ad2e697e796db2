// Where the two differ: answers without a body (`../cases/bodiless.ts`).
import { because, type Differences } from '../difference.ts';
import { CONNECTION, NO_BODY, UNASKED } from '../reasons.ts';

export const BODILESS_DIFFERENCES: Differences = {
  '304 with a length and a body': because(
    UNASKED,
    ['the peer', 'is not asked', undefined],
    ['answer 1', undefined, 'HTTP/1.1 304 Not Modified'],
    ['answer 1 body', undefined, '(content-length 5)'],
    ['next request', undefined, 'answered'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  '304 with a length, and the connection ends': because(
    CONNECTION,
    ['answer 1 connection', 'close', undefined],
    ['next request', 'no connection', 'answered'],
  ),
  '204 with a length': because(NO_BODY, ['answer 1 body', '(content-length 5)', '(none)']),
  '204 with a length of 0': because(NO_BODY, ['answer 1 body', '(content-length 0)', '(none)']),
  '204 with a body': because(
    UNASKED,
    ['the peer', 'is not asked', undefined],
    ['answer 1', undefined, 'HTTP/1.1 204 No Content'],
    ['answer 1 body', undefined, '(none)'],
    ['next request', undefined, 'answered'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  '204 pipelined': because(
    NO_BODY,
    ['answer 1 body', '(content-length 5)', '(none)'],
    ['answer 2 body', '(content-length 5)', '(none)'],
  ),
  '205 with a body': because(NO_BODY, ['answer 1 body', '(content-length 5) hello', '(content-length 0)']),
  'HEAD with a body': because(
    UNASKED,
    ['the peer', 'is not asked', undefined],
    ['answer 1', undefined, 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 5)'],
    ['next request', undefined, 'answered'],
    ['request 1', undefined, 'HEAD /user/ID/x HTTP/1.1'],
  ),
};
