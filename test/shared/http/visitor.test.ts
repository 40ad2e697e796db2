// Who asks, by what browsers and programs send. What each header is was recorded from Chromium where a browser is named.
import { describe, expect, test } from 'vitest';
import { isClick, isForeignPost, recognizeVisitor } from '../../../shared/http/visitor.ts';
import { findEmbedOrigin } from '../../../shared/protocol/embed-origins.ts';

const navigate = { 'sec-fetch-mode': 'navigate' };
const framed = (site: string, dest = 'iframe') => ({
  ...navigate,
  'sec-fetch-dest': dest,
  'sec-fetch-site': site,
});
const posted = (site: string, origin: string) => ({
  'sec-fetch-site': site,
  origin,
  host: 'try.example.org',
});

describe('the visitor is recognized:', () => {
  test.each([
    ['a browser that navigates', 'GET', { ...navigate, 'sec-fetch-dest': 'document' }, 'person'],
    [
      'a link of another site',
      'GET',
      { ...navigate, 'sec-fetch-dest': 'document', 'sec-fetch-site': 'cross-site' },
      'person',
    ],
    ['an iframe of another site', 'GET', framed('cross-site'), 'frame'],
    ['an embed of another site', 'GET', framed('cross-site', 'embed'), 'frame'],
    ['an object of another site', 'GET', framed('cross-site', 'object'), 'frame'],
    ['an iframe of another subdomain', 'GET', framed('same-site'), 'frame'],
    ['an iframe that a browser restores', 'GET', framed('none'), 'frame'],
    ['a link on our own page in a frame', 'GET', framed('same-origin'), 'press'],
    ['the button of our own page', 'POST', posted('same-origin', 'https://try.example.org'), 'press'],
    [
      'the button over plain http',
      'POST',
      { origin: 'http://try.example.org', host: 'Try.example.org' },
      'press',
    ],
    [
      'the button behind a terminator that replaces Host',
      'POST',
      posted('same-origin', 'https://x'),
      'press',
    ],
    ['a POST of a program', 'POST', { host: 'try.example.org' }, 'press'],
    ['a POST of fetch in Node', 'POST', { 'sec-fetch-mode': 'cors', host: 'try.example.org' }, 'press'],
    ['a form of another site', 'POST', posted('cross-site', 'https://evil.example'), 'cross-site'],
    ['a form of another subdomain', 'POST', posted('same-site', 'https://a.example.org'), 'cross-site'],
    ['a form of a sandboxed frame', 'POST', posted('cross-site', 'null'), 'cross-site'],
    [
      'a form of another site over plain http',
      'POST',
      { origin: 'http://evil.example', host: 'h' },
      'cross-site',
    ],
    ['a form over plain http that hides its origin', 'POST', { origin: 'null', host: 'h' }, 'cross-site'],
    [
      'another port of the same host, over plain http',
      'POST',
      { origin: 'http://h:81', host: 'h' },
      'cross-site',
    ],
    ['curl', 'GET', { 'user-agent': 'curl/8' }, 'unknown'],
    ['a link-preview bot', 'GET', { 'user-agent': 'Slackbot-LinkExpanding 1.0' }, 'unknown'],
    ['a fetch by a script', 'GET', { 'sec-fetch-mode': 'cors' }, 'unknown'],
    [
      'an image of another site',
      'GET',
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      'unknown',
    ],
    ['curl -I', 'HEAD', {}, 'head'],
    ['a HEAD that claims to navigate', 'HEAD', navigate, 'head'],
    ['a prefetch', 'GET', { ...navigate, 'sec-purpose': 'prefetch' }, 'prefetch'],
    ['a prerender', 'GET', { ...navigate, 'sec-purpose': 'prefetch;prerender' }, 'prefetch'],
    ['an old prefetch', 'GET', { ...navigate, purpose: 'prefetch' }, 'prefetch'],
    ['an older prefetch', 'GET', { ...navigate, 'x-moz': 'prefetch' }, 'prefetch'],
  ] as const)('%s', (_, method, headers, visitor) =>
    expect(recognizeVisitor({ method, headers })).toBe(visitor),
  );
});

const allowing = (allowOrigin: string) => ({ allowOrigin, embedOrigins: [] });

test('a POST of another site counts as a press if its origin is allowed, or every origin is', () => {
  const headers = posted('cross-site', 'https://journal.example.org');
  expect(recognizeVisitor({ method: 'POST', headers }, allowing('https://journal.example.org'))).toBe(
    'press',
  );
  expect(recognizeVisitor({ method: 'POST', headers }, allowing('*'))).toBe('press');
  expect(recognizeVisitor({ method: 'POST', headers }, allowing('https://other.example.org'))).toBe(
    'cross-site',
  );
  expect(isForeignPost(headers, '')).toBe(true);
});

describe('the button of an article is a press', () => {
  const JOURNAL = 'https://www.journal.example';
  const pressed = {
    ...framed('cross-site'),
    'sec-fetch-user': '?1',
    origin: JOURNAL,
    host: 'try.example.org',
  };
  const { 'sec-fetch-user': _, ...inSafari } = pressed;
  test.each([
    ['where its site is listed', [JOURNAL], pressed, 'press'],
    ['where it is listed, and the browser does not say who clicked', [JOURNAL], inSafari, 'press'],
    [
      'where a pattern matches and the browser says that somebody clicked',
      ['https://*.journal.example'],
      pressed,
      'press',
    ],
    ['where every site may show notebooks, and the browser says so', ['*'], pressed, 'press'],
    ['not where only a pattern matches', ['https://*.journal.example'], inSafari, 'cross-site'],
    ['not where every site may, and there was no click', ['*'], inSafari, 'cross-site'],
    ['not at another site', ['https://journal.example', 'http://www.journal.example'], pressed, 'cross-site'],
    ['not by a script', [JOURNAL], { ...pressed, 'sec-fetch-mode': 'no-cors' }, 'cross-site'],
    ['not from a sandboxed frame', ['*'], { ...pressed, origin: 'null' }, 'cross-site'],
  ] as const)('%s', (_case, embedOrigins, headers, visitor) => {
    const origins = { allowOrigin: '', embedOrigins };
    expect(recognizeVisitor({ method: 'POST', headers }, origins)).toBe(visitor);
  });
});

test.each([
  ['https://a.example', ['https://a.example'], 'listed'],
  ['https://a.example:8443', ['https://a.example'], 'unlisted'],
  ['https://a.example:8443', ['https://a.example:*'], 'matched'],
  ['https://b.a.example', ['https://*.a.example'], 'matched'],
  ['https://a.example', ['https://*.a.example'], 'unlisted'],
  ['https://evil-a.example', ['https://*.a.example'], 'unlisted'],
  ['http://a.example', ['https://a.example:*'], 'unlisted'],
  ['https://A.example', ['https://a.example'], 'unlisted'],
  ['null', ['*'], 'unlisted'],
  ['file://', ['*'], 'unlisted'],
  [`https://${'a'.repeat(300)}`, ['*'], 'unlisted'],
] as const)('%s among %j is %s', (origin, list, listing) => {
  expect(findEmbedOrigin(origin, list)).toBe(listing);
});

test('a ticket that says pressed makes a click of a frame and of an unknown browser, and of nothing else', () => {
  const visitors = ['person', 'press', 'frame', 'cross-site', 'prefetch', 'head', 'unknown'] as const;
  expect(visitors.filter((visitor) => isClick(visitor, false))).toEqual(['person', 'press']);
  expect(visitors.filter((visitor) => isClick(visitor, true))).toEqual([
    'person',
    'press',
    'frame',
    'unknown',
  ]);
});
