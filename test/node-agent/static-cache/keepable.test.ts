// What of an unclaimed sandbox's answer may be kept for readers of others.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { staticAddress } from '../../../node-agent/static-cache/address.ts';
import { type Answer, judge } from '../../../node-agent/static-cache/keepable.ts';

const SANDBOX = { id: 'a'.repeat(40), token: 'b'.repeat(40) };
const BODY = Buffer.from('export const answer = 42;');
const PLAIN = 'static/app.js';
const HASHED = 'static/app.0a1b2c3d4e5f.js';
const DAY = { 'content-type': 'application/javascript', 'cache-control': 'max-age=86400' };

function judged(below: string, answer: Partial<Answer> = {}) {
  const address = staticAddress(SANDBOX.id, `/user/${SANDBOX.id}/${below}`);
  if (address === undefined) throw new Error(`${below} is no static address`);
  return judge({ status: 200, headers: DAY, body: BODY, ...answer }, address, SANDBOX);
}

describe('is kept', () => {
  test.each([
    ['for as long as it says', PLAIN, 'max-age=7200', 7_200_000],
    ['for a day at most', PLAIN, 'public, max-age=31536000, immutable', 86_400_000],
    ['for as long as it says to shared caches', PLAIN, 's-maxage=3600, max-age=86400', 3_600_000],
    ['without end where its name has its hash', HASHED, 'no-cache', Number.POSITIVE_INFINITY],
    [
      'without end where the address has its digest',
      `${PLAIN}?v=${createHash('sha512').update(BODY).digest('hex')}`,
      'no-cache',
      Number.POSITIVE_INFINITY,
    ],
  ])('%s', (_, below, control, freshMs) => {
    expect(judged(below, { headers: { ...DAY, 'cache-control': control } })).toMatchObject({ freshMs });
  });

  test('with a place for the id of each reader, and without what belongs to one message', () => {
    const headers = {
      ...DAY,
      'content-security-policy': `report-uri /user/${SANDBOX.id}/api/csp`,
      ...{ date: 'now', expires: 'later', 'content-length': '25', connection: 'close' },
    };
    expect(judged(PLAIN, { headers })).toMatchObject({
      headers: [
        ...['content-type', 'application/javascript', 'cache-control', 'max-age=86400'],
        ...['content-security-policy', 'report-uri /user/\0/api/csp'],
      ],
    });
  });
});

describe('is left to each sandbox', () => {
  test.each([
    ['no success', PLAIN, { status: 404 }, 'status'],
    ['a redirect', PLAIN, { status: 302 }, 'status'],
    ['nothing', PLAIN, { body: Buffer.alloc(0) }, 'empty'],
    ['a page', HASHED, { headers: { 'content-type': 'text/html; charset=utf-8' } }, 'type'],
    ['no type', HASHED, { headers: {} }, 'type'],
    ['a cookie', HASHED, { headers: { ...DAY, 'set-cookie': ['a=1'] } }, 'personal'],
    ['its own id', HASHED, { body: Buffer.from(`let id = "${SANDBOX.id}"`) }, 'personal'],
    ['its own token', HASHED, { body: Buffer.from(SANDBOX.token) }, 'personal'],
    ['its token in a header', HASHED, { headers: { ...DAY, 'x-token': SANDBOX.token } }, 'headers'],
    ['private', HASHED, { headers: { ...DAY, 'cache-control': 'private' } }, 'personal'],
    ['not to be stored', HASHED, { headers: { ...DAY, 'cache-control': 'No-Store' } }, 'personal'],
    ['something that varies', HASHED, { headers: { ...DAY, vary: 'Accept-Encoding, Cookie' } }, 'varies'],
    ['something that varies by anything', HASHED, { headers: { ...DAY, vary: '*' } }, 'varies'],
    ['another coding', HASHED, { headers: { ...DAY, 'content-encoding': 'gzip' } }, 'coded'],
    ['where else to go', HASHED, { headers: { ...DAY, location: '/' } }, 'headers'],
    ['digests of bytes', HASHED, { headers: { ...DAY, 'repr-digest': 'x' } }, 'headers'],
    ['another content than the address says', `${PLAIN}?v=${'0'.repeat(64)}`, {}, 'digest'],
    ['what may change', PLAIN, { headers: { ...DAY, 'cache-control': 'no-cache' } }, 'changing'],
    ['what may change soon', PLAIN, { headers: { ...DAY, 'cache-control': 'max-age=60' } }, 'changing'],
    ['what says nothing', PLAIN, { headers: { 'content-type': 'text/css' } }, 'changing'],
  ])('%s', (_, below, answer, why) => {
    expect(judged(below, answer)).toBe(why);
  });
});

test('two answers are the same only with the same bytes and headers', () => {
  const print = (answer: Partial<Answer>) => {
    const found = judged(HASHED, answer);
    return typeof found === 'string' ? found : found.fingerprint;
  };
  expect(print({})).toBe(print({ headers: { ...DAY, date: 'another' } }));
  expect(print({})).not.toBe(print({ body: Buffer.from('export const answer = 43;') }));
  expect(print({})).not.toBe(print({ headers: { ...DAY, etag: '"2"' } }));
});
