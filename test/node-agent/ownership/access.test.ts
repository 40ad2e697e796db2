// Who may open a sandbox, as a table of requests.
import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { type AccessRules, mayOpen, withoutKey } from '../../../node-agent/ownership/access.ts';

const ID = '0123456789abcdef0123456789abcdef01234567';
const KEY = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);
const rules: AccessRules = {
  nodeId: 'n1',
  trustProxy: true,
  openUrls: false,
  ownOrigin: false,
  credentialedOrigin: '',
};

const COOKIE = { cookie: `tmpfleet_key=${KEY}` };
const FINDER = `__Host-tmpfleet_n1_01234567=${ID}.${KEY}`;
const HTTPS = { 'x-forwarded-proto': 'https' };
const DOCUMENT = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' };
const SCRIPT = { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' };
const HEADER = { authorization: `token ${KEY}` };
const QUERY = `?token=${KEY}`;

interface Case {
  readonly headers: IncomingHttpHeaders;
  readonly query?: string;
  readonly by?: 'reader' | 'program' | 'unknown';
  readonly method?: string;
  readonly rules?: Partial<AccessRules>;
}

const open = ({ headers, query = '', by = 'reader', method = 'GET', rules: changed }: Case) =>
  mayOpen(
    { method, headers, socket: undefined },
    `/user/${ID}/x${query}`,
    { id: ID, key: KEY, claimedBy: by },
    { ...rules, ...changed },
  );

describe('in an origin of its own', () => {
  const own = { ownOrigin: true };
  const hosts = { ...HTTPS, cookie: `__Host-tmpfleet_key=${KEY}` };
  test.each<[string, Case, string]>([
    ['its one cookie opens it over https', { headers: { ...hosts, ...DOCUMENT } }, 'owner'],
    ['a plain cookie does not, which other hosts can set', { headers: { ...HTTPS, ...COOKIE } }, 'stranger'],
    ['a plain cookie opens it over http', { headers: { ...COOKIE, ...DOCUMENT } }, 'owner'],
    [
      'a program’s sandbox opens as a document',
      { headers: { ...hosts, ...DOCUMENT }, by: 'program' },
      'owner',
    ],
    ['an address with the key shows no document', { headers: DOCUMENT, query: QUERY }, 'stranger'],
    [
      'the cookie does not count for a script of a sibling',
      { headers: { ...hosts, ...SCRIPT, 'sec-fetch-site': 'same-site' } },
      'stranger',
    ],
  ])('%s', (_, { rules: _rules, ...request }, access) => {
    expect(open({ ...request, rules: own })).toBe(access);
  });
});

describe('the owner is who shows the cookie', () => {
  test.each<[string, Case]>([
    ['a page over http', { headers: { ...COOKIE, accept: 'text/html' } }],
    ['a page with fetch metadata', { headers: { ...COOKIE, ...DOCUMENT } }],
    ['a program that keeps cookies', { headers: COOKIE }],
    ['among other cookies', { headers: { cookie: `a=1; tmpfleet_key=${KEY}; b=2` } }],
    [
      'when another host below the same domain planted one',
      { headers: { cookie: `tmpfleet_key=${OTHER}; tmpfleet_key=${KEY}` } },
    ],
    [
      'over https, with the finder',
      { headers: { ...HTTPS, ...DOCUMENT, cookie: `tmpfleet_key=${KEY}; ${FINDER}` } },
    ],
    [
      "in an article's frame",
      {
        headers: {
          ...{ ...HTTPS, cookie: `tmpfleet_key=${KEY}; ${FINDER}`, 'sec-fetch-dest': 'iframe' },
          ...{ 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' },
        },
      },
    ],
    [
      'a script of its page',
      { headers: { ...COOKIE, ...SCRIPT, 'sec-fetch-site': 'same-origin' }, method: 'PUT' },
    ],
    [
      'a WebSocket of its page',
      { headers: { ...COOKIE, host: 'n1.example.org', origin: 'https://n1.example.org' } },
    ],
    [
      'behind a proxy that replaces Host',
      {
        headers: {
          ...{ ...COOKIE, host: '127.0.0.1:8000', origin: 'https://n1.example.org' },
          'x-forwarded-host': 'n1.example.org',
        },
      },
    ],
    [
      'of another origin that the operator lets send cookies',
      {
        headers: {
          ...COOKIE,
          origin: 'https://journal.example.org',
          'sec-fetch-site': 'same-site',
          ...SCRIPT,
        },
        rules: { credentialedOrigin: 'https://journal.example.org' },
      },
    ],
  ])('%s', (_, given) => expect(open(given)).toBe('owner'));
});

describe('the key alone opens what is no document', () => {
  test.each<[string, Case]>([
    ['in a header', { headers: { ...HEADER, ...SCRIPT, 'sec-fetch-site': 'cross-site' } }],
    ['in a header, as Bearer', { headers: { authorization: `Bearer ${KEY}` } }],
    ['in the query', { headers: { origin: 'https://journal.example.org', host: 'n1' }, query: QUERY }],
    ["in the query, after the sandbox's own token", { headers: {}, query: `?token=own&${QUERY.slice(1)}` }],
    ['of a program’s sandbox', { headers: HEADER, by: 'program' }],
    ['nothing, for a sandbox of a version without keys', { headers: {}, by: 'unknown' }],
  ])('%s', (_, given) => expect(open(given)).toBe('key'));
});

describe('a stranger is', () => {
  const frames = ['document', 'iframe', 'frame', 'embed', 'object'].map((destination): [string, Case] => [
    `a link with the key, for ${destination}`,
    { headers: { 'sec-fetch-dest': destination, 'sec-fetch-mode': 'no-cors' }, query: QUERY },
  ]);
  test.each<[string, Case]>([
    ['who has the address only', { headers: DOCUMENT }],
    [
      'who has another key',
      { headers: { cookie: `tmpfleet_key=${OTHER}`, authorization: `token ${OTHER}` } },
    ],
    ['who has a part of the key', { headers: {}, query: `?token=${KEY.slice(1)}` }],
    ...frames,
    ['a page over http by a link with the key', { headers: { accept: 'text/html,*/*' }, query: QUERY }],
    ['a page with the key in a header', { headers: { ...HEADER, accept: 'text/html' } }],
    [
      'a page of a program’s sandbox, whatever it shows',
      { headers: { ...COOKIE, ...HEADER, ...DOCUMENT }, by: 'program' },
    ],
    ['over https, a key cookie without the finder', { headers: { ...HTTPS, ...DOCUMENT, ...COOKIE } }],
    [
      'over https, with a finder that any host below the domain could set',
      { headers: { ...HTTPS, cookie: `tmpfleet_key=${KEY}; tmpfleet_n1_01234567=${ID}.${KEY}` } },
    ],
    [
      'over https, with the finder of another sandbox',
      { headers: { ...HTTPS, cookie: `tmpfleet_key=${KEY}; __Host-tmpfleet_n1_89abcdef=${OTHER}.${KEY}` } },
    ],
    [
      'a script of another origin with the cookie',
      { headers: { ...COOKIE, ...SCRIPT, 'sec-fetch-site': 'same-site' } },
    ],
    [
      'a form of another origin with the cookie',
      { headers: { ...COOKIE, ...DOCUMENT, 'sec-fetch-site': 'cross-site' }, method: 'POST' },
    ],
    [
      'a WebSocket of another origin with the cookie',
      { headers: { ...COOKIE, host: 'n1', origin: 'http://evil' } },
    ],
    ['a WebSocket of no origin with the cookie', { headers: { ...COOKIE, host: 'n1', origin: 'null' } }],
    ['a page of a sandbox of a version without keys', { headers: DOCUMENT, by: 'unknown' }],
  ])('%s', (_, given) => expect(open(given)).toBe('stranger'));

  test('anybody, before the sandbox is claimed', () => {
    const unclaimed = { id: ID, key: undefined, claimedBy: undefined };
    expect(
      mayOpen({ method: 'GET', headers: { ...COOKIE, ...HEADER }, socket: undefined }, '/', unclaimed, rules),
    ).toBe('stranger');
  });
});

test('a reader of a version without keys shows the cookie of that version, and no other sandbox takes it', () => {
  const headers = { ...DOCUMENT, cookie: `tmpfleet_n1=${ID}.${KEY}` };
  expect(open({ headers, by: 'unknown' })).toBe('owner');
  expect(open({ headers })).toBe('stranger');
});

test('with --open-urls, who has the address has the sandbox', () => {
  expect(open({ headers: DOCUMENT, rules: { openUrls: true } })).toBe('owner');
  expect(open({ headers: DOCUMENT, by: 'program', rules: { openUrls: true } })).toBe('owner');
});

test.each([
  ['/user/x/api', '/user/x/api'],
  [`/user/x/api?token=${KEY}`, '/user/x/api'],
  [`/user/x/api?a=%zz&token=${KEY}&b`, '/user/x/api?a=%zz&b'],
  [`/user/x/api?token=own&token=${KEY}`, '/user/x/api?token=own'],
  ['/user/x/api?token=own&mytoken=1', '/user/x/api?token=own&mytoken=1'],
])('the sandbox gets the target %s as %s', (target, expected) =>
  expect(withoutKey(target, KEY)).toBe(expected),
);
