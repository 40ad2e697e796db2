// Where the two differ: where an answer ends (`../cases/answer-framing.ts`).
import { because, type Differences } from '../difference.ts';
import { BAD_GATEWAY, CONNECTION, FAILS, KEPT, TRAILERS, UNASKED, UNKNOWN_LENGTH } from '../reasons.ts';

export const ANSWER_FRAMING_DIFFERENCES: Differences = {
  'a length, the body later than the head': because(
    FAILS,
    ['the peer', 'fails', undefined],
    ['answer 1', undefined, 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 5) hello'],
    ['next request', undefined, 'answered'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'chunks with a trailer': because(
    TRAILERS,
    ['answer 1 trailer', 'X-T', undefined],
    ['request 1 te', 'trailers', undefined],
  ),
  'until the connection closes': because(
    CONNECTION,
    ['answer 1 connection', 'close', undefined],
    ['next request', 'no connection', 'answered'],
  ),
  'nothing until the connection closes': because(UNKNOWN_LENGTH, [
    'answer 1 body',
    '(content-length 0)',
    '(transfer-encoding chunked)',
  ]),
  'a length, and the connection closes': because(
    CONNECTION,
    ['answer 1 connection', 'close', undefined],
    ['next request', 'no connection', 'answered'],
  ),
  'a length, and the connection closes without saying so': because(
    KEPT,
    ['the peer', 'is not asked', undefined],
    ['answer 1', undefined, 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 5) hello'],
    ['next request', undefined, 'answered'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'a length and chunks': because(BAD_GATEWAY, [
    'answer 1',
    "503 of the proxy's own",
    "502 of the proxy's own",
  ]),
  'two lengths, the same': because(BAD_GATEWAY, [
    'answer 1',
    "503 of the proxy's own",
    "502 of the proxy's own",
  ]),
  'two lengths, different': because(BAD_GATEWAY, [
    'answer 1',
    "503 of the proxy's own",
    "502 of the proxy's own",
  ]),
  'a length that is no number': because(BAD_GATEWAY, [
    'answer 1',
    "503 of the proxy's own",
    "502 of the proxy's own",
  ]),
  'a length below 0': because(BAD_GATEWAY, ['answer 1', "503 of the proxy's own", "502 of the proxy's own"]),
  'a chunk size that is no number': because(
    UNASKED,
    ['the peer', 'is not asked', undefined],
    ['answer 1', undefined, 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(transfer-encoding chunked)  (broken off)'],
    ['next request', undefined, 'no connection'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'a body longer than its length': because(
    UNASKED,
    ['the peer', 'is not asked', undefined],
    ['answer 1', undefined, 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 5) hello'],
    ['next request', undefined, 'answered'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'a second answer that was not asked for': because(
    UNASKED,
    ['the peer', 'is not asked', undefined],
    ['answer 1', undefined, 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 5) hello'],
    ['next request', undefined, 'answered'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'no HTTP at all': because(BAD_GATEWAY, ['answer 1', "503 of the proxy's own", "502 of the proxy's own"]),
  'a status of two digits': because(BAD_GATEWAY, [
    'answer 1',
    "503 of the proxy's own",
    "502 of the proxy's own",
  ]),
  'bare line feeds between the lines': because(BAD_GATEWAY, [
    'answer 1',
    "503 of the proxy's own",
    "502 of the proxy's own",
  ]),
};
