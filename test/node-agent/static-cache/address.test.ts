// Which addresses below a sandbox may be answered from memory.
import { describe, expect, test } from 'vitest';
import { otherVersion, staticAddress } from '../../../node-agent/static-cache/address.ts';

const ID = 'a'.repeat(40);
const at = (below: string) => staticAddress(ID, `/user/${ID}/${below}`);
const SHA = '0123456789abcdef'.repeat(4);

describe('may be learnt', () => {
  test.each([
    [
      'a file of the static area',
      'static/style/style.min.css',
      { isHashed: false, key: 'static/style/style.min.css' },
    ],
    [
      'one with the digest of its content',
      `static/app.js?v=${SHA}`,
      { digest: SHA, key: `static/app.js?v=${SHA}` },
    ],
    [
      'one with a time',
      'static/app.js?v=20261129080513',
      { version: '20261129080513', key: 'static/app.js?v' },
    ],
    ['one with a release', 'static/font.woff2?v=4.7.0', { version: '4.7.0', key: 'static/font.woff2?v' }],
    ['one with a hash in its name', 'static/lab/main.0a1b2c3d4e5f6a7b.js', { isHashed: true }],
    ['a file that is named by a hash', 'static/lab/0821aa9ca9cc259fad64.ttf', { isHashed: true }],
    ['one of JupyterLab, named by a date', 'static/lab/main.1749127520.js', { isHashed: false }],
    [
      "an extension's, with its hash",
      'lab/extensions/@x/y/static/remoteEntry.0a1b2c3d4e5f6a7b.js',
      { isHashed: true },
    ],
  ])('%s', (_, below, expected) => {
    expect(at(below)).toMatchObject(expected);
  });
});

describe('is left to the sandbox', () => {
  test.each([
    ['an API', 'api/contents/static/app.js'],
    ["the reader's files", 'files/static/app.js'],
    ['what the reader runs', 'proxy/8080/static/app.js'],
    ['what a reader may change in their home', 'custom/custom.js'],
    ['the same below static/', 'static/custom/custom.js'],
    ['extensions that a home may replace', 'nbextensions/widgets/extension.js'],
    ["an extension's file without its hash", 'lab/extensions/@x/y/static/style.js'],
    ['a page', 'static/index.html'],
    ['a directory', 'static/'],
    ['no extension', 'static/LICENSE'],
    ['a hidden file', 'static/.env.json'],
    ['a hidden directory', 'static/.git/a.js'],
    ['percent signs', 'static/a%2f..%2fb.js'],
    ['an empty segment', 'static//a.js'],
    ['another query', 'static/app.js?x=1'],
    ['a further query', 'static/app.js?v=1&x=1'],
    ['a version that is neither a digest nor short', `static/app.js?v=${'a'.repeat(50)}`],
    ['a long address', `static/${'a'.repeat(300)}.js`],
    ['the base path', ''],
  ])('%s', (_, below) => {
    expect(at(below)).toBeUndefined();
  });
});

test('another version has the same form and is never the same', () => {
  expect(otherVersion('20261129080599')).toBe('31372230191600');
  expect(otherVersion('4.7.0-rc1zZ')).toBe('5.8.1-sd2aA');
});
