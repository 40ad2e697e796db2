// Where the two differ: where a request ends (`../cases/request-framing.ts`).
import { because, type Differences } from '../difference.ts';
import { BAD_CODING, FRAMING_LOST, IN_TURN, OWN_FRAMING, SEEN_LATER } from '../reasons.ts';

export const REQUEST_FRAMING_DIFFERENCES: Differences = {
  'a length with zeros before it': because(OWN_FRAMING, [
    'request 1 body',
    '(content-length 0005) hello',
    'hello',
  ]),
  'a DELETE with chunks': because(FRAMING_LOST, ['request 1 body', undefined, 'hello']),
  'an OPTIONS with chunks': because(FRAMING_LOST, ['request 1 body', undefined, 'hello']),
  'chunks, the coding in capitals': because(OWN_FRAMING, [
    'request 1 body',
    '(transfer-encoding CHUNKED) hello',
    'hello',
  ]),
  'a chunk longer than its size': because(
    SEEN_LATER,
    ['request 1', undefined, 'POST /user/ID/x HTTP/1.1'],
    ['request 1 body', undefined, 'hello (broken off)'],
  ),
  'gzip below chunks': because(
    BAD_CODING,
    ['answer 1', 'HTTP/1.1 200 OK', "400 of the proxy's own"],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['next request', 'answered', 'no connection'],
    ['request 1', 'POST /user/ID/x HTTP/1.1', undefined],
    ['request 1 body', '(transfer-encoding gzip, chunked) hello', undefined],
  ),
  'chunks from a reader of HTTP/1.0': because(
    BAD_CODING,
    ['answer 1', 'HTTP/1.1 200 OK', "400 of the proxy's own"],
    ['answer 1 connection', 'close', undefined],
    ['answer 1 body', '(content-length 2) ok', undefined],
    ['request 1', 'POST /user/ID/x HTTP/1.1', undefined],
    ['request 1 host', '127.0.0.1:PORT', undefined],
    ['request 1 x-forwarded-host', '', undefined],
    ['request 1 body', 'hello', undefined],
  ),
  'bytes behind a request that are none': because(
    IN_TURN,
    ['answer 1', "400 of the proxy's own", 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 2) ok'],
    ['answer 2', undefined, "400 of the proxy's own"],
    ['request 1', undefined, 'POST /user/ID/x HTTP/1.1'],
    ['request 1 body', undefined, 'hello'],
  ),
};
