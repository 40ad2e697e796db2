// Where the two differ: several requests (`../cases/pipelining.ts`).
import { because, type Differences } from '../difference.ts';
import { CONNECTION, HOST_KEPT, IN_TURN, SPELLING } from '../reasons.ts';

export const PIPELINING_DIFFERENCES: Differences = {
  'a reader who closes, in capitals': because(SPELLING, ['answer 1 connection', 'CLOSE', 'close']),
  'requests behind one that closes': because(
    IN_TURN,
    ['answer 1', "400 of the proxy's own", 'HTTP/1.1 200 OK'],
    ['answer 1 connection', undefined, 'close'],
    ['answer 1 body', undefined, '(content-length 2) ok'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'a reader of HTTP/1.0 without Host': because(HOST_KEPT, ['request 1 x-forwarded-host', '', 'missing']),
  'a malformed request behind a good one': because(
    IN_TURN,
    ['answer 1', "400 of the proxy's own", 'HTTP/1.1 200 OK'],
    ['answer 1 body', undefined, '(content-length 2) ok'],
    ['answer 2', undefined, "400 of the proxy's own"],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'the sandbox closes, the reader goes on': because(
    CONNECTION,
    ['answer 1 connection', 'close', undefined],
    ['next request', 'no connection', 'answered'],
    ['answer 2', undefined, 'HTTP/1.1 200 OK'],
    ['answer 2 body', undefined, '(content-length 2) ok'],
  ),
  'the proxy connection header': because(CONNECTION, ['request 1 proxy-connection', 'keep-alive', undefined]),
  'two connection headers': because(CONNECTION, ['answer 1 connection', 'keep-alive, close', 'close']),
};
