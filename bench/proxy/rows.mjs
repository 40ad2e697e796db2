// What is measured: which requests, over how many sandboxes. Everything else of the bench learns of a row from here.

/** What the reader's browser shows with each request: the key of every sandbox. */
export const KEY = '0123456789abcdef0123456789abcdef01234567';
const KIB = 1024;
const BROWSER =
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: */*\r\n' +
  'Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n' +
  'Referer: http://node7.example.org/user/x/notebooks/intro.ipynb\r\nSec-Fetch-Dest: empty\r\n' +
  'Sec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\nX-Requested-With: XMLHttpRequest\r\n';

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number} sandboxes over which the requests go, in turn
 * @property {readonly number[]} sizes of the bodies, in turn, bytes; empty for WebSockets
 * @property {number} connections of readers
 * @property {boolean} browser whether requests have a browser's headers
 */

/** @returns {readonly Row[]} */
export function rowsOf({ short }) {
  const many = short ? 30 : 900;
  const some = short ? 4 : 32;
  return [
    { name: '1 KiB', sandboxes: many, sizes: [KIB], connections: 64, browser: false },
    { name: '1 KiB, browser', sandboxes: many, sizes: [KIB], connections: 64, browser: true },
    // The sizes of what a notebook's page loads: scripts, styles, fonts.
    {
      ...{ name: 'page files', sandboxes: some, connections: 32, browser: true },
      sizes: [10, 14, 18, 25, 33, 47, 64, 90, 130, 200].map((size) => size * KIB),
    },
    { name: '1 MiB', sandboxes: some, sizes: [KIB * KIB], connections: 16, browser: true },
    { name: 'WebSocket echo', sandboxes: some, sizes: [], connections: 100, browser: true },
  ];
}

/** As long as real ones. */
export function idOf(index) {
  return `abcdefgh234567abcdefgh2345${String(index).padStart(6, '0')}`;
}

/** A request that `sandboxes.mjs` answers with `size` bytes. */
export function requestOf(id, size, browser) {
  const finder = `tmpfleet_n1_01234567=${id}.${KEY}`;
  return (
    `GET /user/${id}/b/${size}?_=1700000000000 HTTP/1.1\r\nHost: node7.example.org\r\nConnection: keep-alive\r\n` +
    (browser ? `${BROWSER}Cookie: _xsrf=2|1234|5678|1700000000; ${finder}; ` : 'Cookie: ') +
    `tmpfleet_key=${KEY}\r\n\r\n`
  );
}

/** A handshake, after which each message comes back. */
export function handshakeOf(id) {
  return (
    `GET /user/${id}/ws HTTP/1.1\r\nHost: node7.example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://node7.example.org\r\n' +
    `${BROWSER}Cookie: tmpfleet_key=${KEY}\r\n\r\n`
  );
}
