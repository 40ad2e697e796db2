// Where the two differ: other protocols (`../cases/upgrades.ts`).
import { because, type Differences } from '../difference.ts';
import {
  BAD_GATEWAY,
  FAILS,
  NO_BODY,
  OTHER_PROTOCOL,
  SPELLING,
  TUNNEL,
  UPGRADE_FORWARDED,
  UPGRADE_METHOD,
  UPGRADE_OF_HOP,
  UPGRADE_REFUSED,
  UPGRADE_REQUIRED,
} from '../reasons.ts';

export const UPGRADES_DIFFERENCES: Differences = {
  agreed: [
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'agreed, with bytes of the sandbox behind the head': [
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'agreed, with bytes of the reader behind the head': because(
    FAILS,
    ['the peer', 'fails', undefined],
    ['answer 1', undefined, 'HTTP/1.1 101 Switching Protocols'],
    ['answer 1 connection', undefined, 'Upgrade'],
    ['answer 1 upgrade', undefined, 'websocket'],
    ['answer 1 sec-websocket-accept', undefined, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
    ['behind the answers', undefined, 'got'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
    ['request 1 connection', undefined, 'upgrade'],
    ['request 1 upgrade', undefined, 'websocket'],
    ['request 1 sec-websocket-version', undefined, '13'],
    ['request 1 sec-websocket-key', undefined, 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['behind request 1', undefined, 'early'],
  ),
  'agreed, with a subprotocol': [
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'agreed, with Connection: keep-alive, Upgrade': [
    ...because(SPELLING, ['request 1 connection', 'keep-alive, Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'agreed, in other capitals': [
    ...because(SPELLING, ['answer 1 upgrade', 'websocket', 'WebSocket']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'agreed, and the sandbox ends': [
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'agreed, and the sandbox resets': [
    ...because(TUNNEL, ['behind the answers', 'byeHTTP/1.1 503\r\nContent-Length: 0\r\n\r\n', 'bye']),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'agreed, the reader ends, the sandbox goes on': [
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'agreed, with cookies': [
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'refused with 403': [
    ...because(UPGRADE_REFUSED, ['answer 1 connection', 'Upgrade', 'close']),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'refused with 403, the connection kept': [
    ...because(UPGRADE_REFUSED, ['answer 1 connection', 'Upgrade', 'close']),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'refused with 404 in chunks': [
    ...because(UPGRADE_REFUSED, ['answer 1 connection', 'Upgrade', 'close']),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'refused with 304': [
    ...because(UPGRADE_REFUSED, ['answer 1 connection', 'Upgrade', 'close']),
    ...because(
      NO_BODY,
      ['answer 1 body', '(transfer-encoding chunked)', '(none)'],
      ['behind the answers', '0\r\n\r\n', undefined],
    ),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'refused with 204': [
    ...because(UPGRADE_REFUSED, ['answer 1 connection', 'Upgrade', 'close']),
    ...because(
      NO_BODY,
      ['answer 1 body', '(transfer-encoding chunked)', '(none)'],
      ['behind the answers', '0\r\n\r\n', undefined],
    ),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'refused with 200': [
    ...because(UPGRADE_REFUSED, ['answer 1 connection', 'Upgrade', 'close']),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  redirected: [
    ...because(UPGRADE_REFUSED, ['answer 1 connection', 'Upgrade', 'close']),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'refused with 426': [
    ...because(UPGRADE_REQUIRED, ['answer 1 connection', 'Upgrade', 'upgrade, close']),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  '426 for an ordinary request': because(
    UPGRADE_REQUIRED,
    ['answer 1 connection', 'Upgrade', 'upgrade, close'],
    ['next request', 'answered', 'no connection'],
  ),
  'broken off before an answer': [
    ...because(BAD_GATEWAY, ['answer 1', "503 of the proxy's own", "502 of the proxy's own"]),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'ended before an answer': [
    ...because(BAD_GATEWAY, ['answer 1', "503 of the proxy's own", "502 of the proxy's own"]),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'answered with no HTTP': [
    ...because(BAD_GATEWAY, ['answer 1', "503 of the proxy's own", "502 of the proxy's own"]),
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'another protocol': because(
    OTHER_PROTOCOL,
    ['answer 1', undefined, 'HTTP/1.1 200 OK'],
    ['answer 1 connection', undefined, 'close'],
    ['answer 1 body', undefined, '(content-length 2) ok'],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'another protocol, agreed by the sandbox': because(
    OTHER_PROTOCOL,
    ['answer 1', undefined, "502 of the proxy's own"],
    ['request 1', undefined, 'GET /user/ID/x HTTP/1.1'],
  ),
  'Upgrade that Connection does not name': because(UPGRADE_OF_HOP, [
    'request 1 upgrade',
    'websocket',
    undefined,
  ]),
  'Upgrade by POST': because(UPGRADE_METHOD, ['answer 1', undefined, "400 of the proxy's own"]),
  'Upgrade with a body': because(
    FAILS,
    ['the peer', 'fails', undefined],
    ['answer 1', undefined, "400 of the proxy's own"],
    ['next request', undefined, 'no connection'],
  ),
  'Upgrade from a reader of HTTP/1.0': [
    ...because(SPELLING, ['request 1 connection', 'Upgrade', 'upgrade']),
    ...because(
      UPGRADE_FORWARDED,
      ['request 1 x-forwarded-proto', 'ws', undefined],
      ['request 1 x-forwarded-host', 'missing', undefined],
    ),
  ],
  'an Upgrade by a sandbox that the reader did not ask': because(
    UPGRADE_OF_HOP,
    ['answer 1 connection', 'Upgrade', undefined],
    ['answer 1 upgrade', 'h2c', undefined],
  ),
};
