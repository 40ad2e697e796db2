// Which requests are a person's, and thus cost a sandbox.
import { describe, expect, test } from 'vitest';
import { recognize } from '../../../node-agent/claim/visitor.ts';

describe('recognize', () => {
  test.each([
    ['a browser that navigates', 'GET', { 'sec-fetch-mode': 'navigate' }, 'person'],
    ['the launch button', 'POST', {}, 'person'],
    ['curl', 'GET', { 'user-agent': 'curl/8' }, 'unknown'],
    ['curl -I', 'HEAD', {}, 'unknown'],
    ['a HEAD that claims to navigate', 'HEAD', { 'sec-fetch-mode': 'navigate' }, 'unknown'],
    ['a link-preview bot', 'GET', { 'user-agent': 'Slackbot-LinkExpanding 1.0' }, 'unknown'],
    ['a fetch by a script', 'GET', { 'sec-fetch-mode': 'cors' }, 'unknown'],
    ['a prefetch', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch' }, 'prefetch'],
    ['a prerender', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch;prerender' }, 'prefetch'],
    ['an old prefetch', 'GET', { 'sec-fetch-mode': 'navigate', purpose: 'prefetch' }, 'prefetch'],
  ])('%s', (_, method, headers, visitor) => expect(recognize(method, headers)).toBe(visitor));
});
