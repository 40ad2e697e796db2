// Which sandbox a request is for, read from the bytes of its target.
import { describe, expect, it } from 'vitest';
import { parseSandboxPath } from '../../../node-agent/proxy/path.ts';

const target = (url: string): unknown => {
  const path = parseSandboxPath(url);
  return typeof path === 'string' ? path : path.target;
};

describe('a request target', () => {
  it.each([
    '/',
    '/user',
    '/users/a/',
    '/spawn/user/a/',
    '/x/user/a/',
    '/stats?x=/user/a/',
    'http://evil.example/user/a/',
    '*',
    '',
  ])('%s is none of the proxy’s', (url) => {
    expect(parseSandboxPath(url)).toBe('elsewhere');
  });

  it.each([
    ['/user/a/', '/user/a/'],
    ['/user/a/api?x=1&y=%20', '/user/a/api?x=1&y=%20'],
    ['//user/a/api', '/user/a/api'],
    ['//user//a//api', '/user/a/api'],
    ['/user/a/api//b', '/user/a/api//b'],
    ['/user/a/files/me%40example.org/%E2%82%AC.txt', '/user/a/files/me%40example.org/%E2%82%AC.txt'],
    ['/user/a/files/50%25', '/user/a/files/50%25'],
    ['/user/a/x?q=100%&r=../..&s=a\\b', '/user/a/x?q=100%&r=../..&s=a\\b'],
    ['/user/a/..hidden/x..y/...', '/user/a/..hidden/x..y/...'],
    ['/user/a/x?', '/user/a/x?'],
    ['/user/a/a%5cb.txt', '/user/a/a%5cb.txt'],
    ['/user/a/b/../c', '/user/a/c'],
    ['/user/a/b/%2e%2E/c?x=../..', '/user/a/c?x=../..'],
    ['/user/a/b/./c/.', '/user/a/b/c/'],
    ['/user/a/./b', '/user/a/b'],
    ['/user/a/x/..', '/user/a/'],
    ['/user/a/x/y/../..', '/user/a/'],
    ['/user/a/b\\c', '/user/a/b/c'],
    ['/user/a\\b', '/user/a/b'],
    ['/user/a/b\\..\\c', '/user/a/c'],
    ['/user/a/x%2F%2e%2E%2Fb', '/user/a/x%2F%2e%2E%2Fb'],
    ['/user/a/100%', '/user/a/100%'],
    ['/user/a/files/100%.ipynb', '/user/a/files/100%.ipynb'],
    ['/user/a/%zz/%4', '/user/a/%zz/%4'],
  ])('%s reaches its sandbox as %s', (url, expected) => {
    expect(target(url)).toBe(expected);
  });

  it.each([
    '/user/a/../b/',
    '/user/../stats',
    '/user/a/x/../..',
    '/user/a/x/../../b',
    '/user/a//../b',
    '/user/a/..?x',
    '/user/a/%2e%2e/b/',
    '/user/a/%2E./b/',
    '/user/a/.%2e',
    '/user/a/..%2fb/',
    '/user/a/x%2f..%2f..%2fb',
    '/user/a/x%2fy/../../b',
    '/user/a/x/..%2f..',
    '/user/a/..\\b',
    '/user/a/x\\..\\..\\b',
    '/user/a/x\\y/../../b',
    '/user/a/..%5cb',
    '/user/a\\..\\b',
    '/user/%2e%2e/b',
    '/user/..%2fa/b',
    '/user/a%2f../b',
    '/user/./b',
    '/user/a#/b',
    '/user/a/b#c',
  ])('%s is malformed', (url) => {
    expect(parseSandboxPath(url)).toBe('malformed');
  });

  it('without a slash after the id has no target yet, and keeps its query', () => {
    expect(parseSandboxPath('/user/a?x=1')).toEqual({ id: 'a', target: undefined, query: '?x=1' });
  });

  it('names its sandbox without decoding', () => {
    expect(parseSandboxPath('/user/%61/')).toMatchObject({ id: '%61' });
  });
});
