// Conditions, ranges and codings of what is answered from memory (RFC 9110 §12 to §14).
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { answerFrom, asksSandbox } from '../../../node-agent/static-cache/answer.ts';
import { type Entry, findHeader } from '../../../node-agent/static-cache/store.ts';

const BODY = Buffer.from('0123456789'.repeat(500));
const MODIFIED = 'Sat, 28 Nov 2026 10:00:00 GMT';
const HEADERS = [
  ...['content-type', 'application/javascript', 'etag', '"one"', 'last-modified', MODIFIED],
  ...['content-security-policy', 'report-uri /user/\0/csp', 'accept-ranges', 'bytes'],
];
const ENTRY: Entry = {
  ...{ headers: HEADERS, body: BODY, learntAt: 1_000, until: 1e9, isCompressible: true },
  ...{ gzip: gzipSync(BODY), br: brotliCompressSync(BODY) },
};

const ask = (headers: Readonly<Record<string, string>>, { method = 'GET', entry = ENTRY } = {}) =>
  answerFrom(entry, { method, headers }, { id: 'mine', now: 6_500 });
const of = (answer: ReturnType<typeof ask>, name: string) => findHeader(answer?.headers ?? [], name);

test('the whole file has the headers of the reader’s sandbox, and its age', () => {
  const answer = ask({});
  expect(answer).toMatchObject({ status: 200, body: BODY });
  expect(of(answer, 'content-security-policy')).toBe('report-uri /user/mine/csp');
  expect(of(answer, 'age')).toBe('5');
  expect(of(answer, 'content-length')).toBe(String(BODY.length));
});

describe('the coding', () => {
  test.each([
    [undefined, undefined],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0.1, gzip;q=0.9', 'gzip'],
    ['identity', undefined],
    ['br;q=0, gzip;q=0', undefined],
    ['*', 'br'],
    ['zstd', undefined],
  ])('for %s is %s', (accepted, coding) => {
    const answer = ask(accepted === undefined ? {} : { 'accept-encoding': accepted });
    expect(of(answer, 'content-encoding')).toBe(coding);
    expect(of(answer, 'vary')).toBe('Accept-Encoding');
    expect(of(answer, 'etag')).toBe(coding === undefined ? '"one"' : 'W/"one"');
  });

  test('is the file’s own until another is ready, and where nothing is to be gained', () => {
    const { gzip: _, br: __, ...bare } = ENTRY;
    expect(of(ask({ 'accept-encoding': 'br' }, { entry: bare }), 'content-encoding')).toBeUndefined();
    const picture = { ...bare, isCompressible: false };
    expect(of(ask({ 'accept-encoding': 'br' }, { entry: picture }), 'vary')).toBeUndefined();
  });

  test('which a reader accepts may not be there: their sandbox answers', () => {
    const { gzip: _, br: __, ...bare } = ENTRY;
    expect(ask({ 'accept-encoding': 'br, identity;q=0' }, { entry: bare })).toBeUndefined();
  });
});

describe('a condition', () => {
  test.each([
    ['the tag', { 'if-none-match': '"one"' }, 304],
    ['its weak form, as sent with a coding', { 'if-none-match': 'W/"one"', 'accept-encoding': 'br' }, 304],
    ['one of several', { 'if-none-match': '"zero", W/"one"' }, 304],
    ['any tag', { 'if-none-match': '*' }, 304],
    ['another tag', { 'if-none-match': '"two"' }, 200],
    ['another tag, whatever the date', { 'if-none-match': '"two"', 'if-modified-since': MODIFIED }, 200],
    ['the date', { 'if-modified-since': MODIFIED }, 304],
    ['a later date', { 'if-modified-since': 'Sun, 29 Nov 2026 10:00:00 GMT' }, 304],
    ['an earlier date', { 'if-modified-since': 'Fri, 27 Nov 2026 10:00:00 GMT' }, 200],
    ['no date', { 'if-modified-since': 'yesterday' }, 200],
  ])('on %s', (_, headers, status) => {
    expect(ask({ ...headers })?.status).toBe(status);
  });

  test('that holds is answered without content, and with the headers that a cache needs', () => {
    const answer = ask({ 'if-none-match': '"one"' });
    expect(answer?.body).toBeUndefined();
    expect(answer?.headers).toEqual([
      ...['etag', '"one"', 'last-modified', MODIFIED, 'content-security-policy', 'report-uri /user/mine/csp'],
      ...['age', '5', 'vary', 'Accept-Encoding'],
    ]);
  });
});

describe('a range', () => {
  test.each([
    ['of the beginning', { range: 'bytes=0-9' }, 206, '0123456789', 'bytes 0-9/5000'],
    ['of the end', { range: 'bytes=-3' }, 206, '789', 'bytes 4997-4999/5000'],
    ['beyond the end', { range: 'bytes=4995-9999' }, 206, '56789', 'bytes 4995-4999/5000'],
    ['two that touch', { range: 'bytes=0-4,5-9' }, 206, '0123456789', 'bytes 0-9/5000'],
    [
      'is of the file as it is',
      { range: 'bytes=0-9', 'accept-encoding': 'br' },
      206,
      '0123456789',
      undefined,
    ],
    ['with the strong tag', { range: 'bytes=0-9', 'if-range': '"one"' }, 206, '0123456789', undefined],
    ['with the date', { range: 'bytes=0-9', 'if-range': MODIFIED }, 206, '0123456789', undefined],
    ['with a weak tag', { range: 'bytes=0-9', 'if-range': 'W/"one"' }, 200, undefined, undefined],
    ['with another tag', { range: 'bytes=0-9', 'if-range': '"two"' }, 200, undefined, undefined],
    [
      'with another date',
      { range: 'bytes=0-9', 'if-range': 'Sun, 29 Nov 2026 10:00:00 GMT' },
      200,
      undefined,
      undefined,
    ],
    ['of several parts', { range: 'bytes=0-1,10-11' }, 200, undefined, undefined],
    ['of another unit', { range: 'lines=0-9' }, 200, undefined, undefined],
    ['that makes no sense', { range: 'bytes=9-0' }, 416, '', 'bytes */5000'],
    ['behind the end', { range: 'bytes=5000-' }, 416, '', 'bytes */5000'],
  ])('%s', (_, headers, status, body, range) => {
    const answer = ask({ ...headers });
    expect(answer?.status).toBe(status);
    if (body !== undefined) expect(answer?.body?.toString() ?? '').toBe(body);
    else expect(answer?.body?.equals(BODY)).toBe(true);
    if (range !== undefined) expect(of(answer, 'content-range')).toBe(range);
    if (body !== undefined) expect(of(answer, 'content-length')).toBe(String(body.length));
  });

  test('of a HEAD means nothing', () => {
    expect(ask({ range: 'bytes=0-9' }, { method: 'HEAD' })?.status).toBe(200);
  });
});

describe('is for the sandbox itself', () => {
  test.each([
    ['a change', 'POST', {}],
    ['a question for other methods', 'OPTIONS', {}],
    ['a hard reload', 'GET', { 'cache-control': 'no-cache', pragma: 'no-cache' }],
    ['the same by HTTP/1.0', 'GET', { pragma: 'no-cache' }],
    ['what must not be stored', 'GET', { 'cache-control': 'no-store' }],
    ['a precondition', 'GET', { 'if-match': '"one"' }],
    ['a precondition by date', 'GET', { 'if-unmodified-since': MODIFIED }],
  ])('%s', (_, method, headers) => {
    expect(asksSandbox({ method, headers })).toBe(true);
  });

  test('but not a plain reload', () => {
    expect(asksSandbox({ method: 'GET', headers: { 'cache-control': 'max-age=0' } })).toBe(false);
  });
});
