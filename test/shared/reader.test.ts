// A reader made by us: what their browser does at each page of front and node, and which cookies it sends.
import { expect, test } from 'vitest';
import { workPage } from '../../redirector/public/work-page.ts';
import { editionFor } from '../../shared/brand/brand.ts';
import { renderPage } from '../../shared/http/page.ts';
import { nextElement, preparingPage } from '../../shared/pages/preparing-page.ts';
import { CookieJar } from '../../shared/reader/cookie-jar.ts';
import { isInSandbox, nextMove, nodeOf, sandboxAt, workAddress } from '../../shared/reader/way.ts';
import { READER_PAGES } from '../support/reader-pages.ts';

const ENGLISH = editionFor({});
const HERE = 'https://try.example.org/notebooks/a.ipynb?x=1';
const page = (name: string, status = 200) => {
  const maker = READER_PAGES[name];
  if (maker === undefined) throw new Error(`no page ${name}`);
  return { status, location: undefined, text: renderPage(maker(ENGLISH)) };
};

test('follows redirects, and pages that go on by themselves', () => {
  expect(nextMove(HERE, { status: 302, location: '/x?a&b', text: '' })).toEqual({
    ...{ kind: 'go', url: 'https://try.example.org/x?a&b' },
  });
  const text = renderPage(preparingPage(ENGLISH)) + nextElement('/tree?a=1&b=2', 'Open');
  expect(nextMove(HERE, { status: 200, location: undefined, text })).toEqual({
    ...{ kind: 'go', url: 'https://try.example.org/tree?a=1&b=2' },
  });
});

test('presses the button of the launch page', () => {
  expect(nextMove(HERE, page('launch'))).toEqual({
    ...{ kind: 'press', url: 'https://try.example.org/notebooks/intro.ipynb' },
  });
});

test('does the proof of work where it is asked for', () => {
  const made = workPage({ title: '', action: '/tree?a=1', challenge: 'c.0' })(ENGLISH);
  const move = nextMove(HERE, { status: 200, location: undefined, text: renderPage(made) });
  expect(move).toEqual({ kind: 'work', url: 'https://try.example.org/tree?a=1', challenge: 'c.0', bits: 17 });
  expect(workAddress('https://try.example.org/tree?a=1', 'c.0.5')).toBe(
    'https://try.example.org/tree?a=1&tmpfleet-work=c.0.5',
  );
});

test('stands in line, and knows the pages that lead nowhere', () => {
  expect(nextMove(HERE, page('line: full', 503))).toMatchObject({
    ...{ kind: 'wait', again: 'https://try.example.org/spawn/notebooks/intro.ipynb' },
  });
  expect(nextMove(HERE, page('unavailable: none-answers', 503))).toEqual({ kind: 'ended', status: 503 });
  expect(nextMove(HERE, page('limits: too-many-requests', 429))).toEqual({ kind: 'ended', status: 429 });
});

test('what a sandbox says asks nothing of a reader', () => {
  const inside = 'https://node1.example.org/user/abc/notebooks/a.ipynb';
  expect(nextMove(inside, page('launch'))).toEqual({ kind: 'arrived' });
  expect(nextMove(inside, page('line: full', 503))).toEqual({ kind: 'ended', status: 503 });
  expect(sandboxAt(inside)).toEqual({ base: 'https://node1.example.org/user/abc/', id: 'abc' });
  expect(nodeOf(inside)).toBe('node1.example.org');
  expect(nodeOf('https://abc.node1.example.org:8443/user/abc/')).toBe('node1.example.org:8443');
  expect(isInSandbox('https://try.example.org/tree?next=/user/abc/')).toBe(false);
});

test('cookies: by origin and path, the longest path first, and removed when they expire', () => {
  const jar = new CookieJar();
  jar.keep('https://a.example/user/1/x', ['one=1; Path=/', 'two=2; Path=/user/1/; HttpOnly', 'three=a=b']);
  expect(jar.headerFor('https://a.example/user/1/y')).toBe('two=2; three=a=b; one=1');
  expect(jar.headerFor('https://a.example/user/12/')).toBe('one=1');
  expect(jar.headerFor('https://b.example/user/1/')).toBe('');
  expect(jar.valueOf('two', 'https://a.example/user/1/')).toBe('2');
  jar.keep('https://a.example/', ['one=; Path=/; Max-Age=0', 'x']);
  expect(jar.headerFor('https://a.example/')).toBe('');
});
