// The code in the address to which a reader goes on whose sandbox has started: whose browser may use it.
import { expect, test } from 'vitest';
import { addressInVain, StartedSandboxes, splitStarted } from '../../../node-agent/claim/preparing.ts';
import { createSandbox, type Sandbox } from '../../../node-agent/sandboxes/table.ts';
import { editionFor, OWN_BRAND } from '../../../shared/brand/brand.ts';
import type { VisitorRequest } from '../../../shared/http/visitor.ts';
import { preparingPage } from '../../../shared/pages/preparing-page.ts';
import { LAUNCH_WORDS } from '../../../shared/words/launch.ts';

const TARGET = { path: '/notebooks/a.ipynb', query: 'x=%22&y' };
const BROWSER: VisitorRequest = {
  method: 'GET',
  headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'same-origin' },
};
/** As over plain http. */
const SILENT: VisitorRequest = { method: 'GET', headers: {} };

function setUp() {
  let now = 0;
  const sandbox: Sandbox = {
    ...createSandbox({ image: 'i', recipe: 'r', createdAt: 0 }),
    ...{ state: 'claimed', key: 'k' },
  };
  const all = new Map([[sandbox.id, sandbox]]);
  const sandboxes = new StartedSandboxes(all, { monotonic: () => now });
  const { started } = splitStarted(sandboxes.addressOf(sandbox, TARGET).split('?')[1] ?? '');
  const wait = (ms: number): void => {
    now += ms;
  };
  return { sandboxes, sandbox, started, wait };
}

test('is at the end of the query, whose other bytes stay as they are', () => {
  const { sandboxes, sandbox, started } = setUp();
  const address = sandboxes.addressOf(sandbox, TARGET);
  expect(address).toMatch(/^\/notebooks\/a\.ipynb\?x=%22&y&tmpfleet-started=[0-9a-f]{40}\.[0-9a-f]{32}$/);
  expect(splitStarted(address.split('?')[1] ?? '').query).toBe(TARGET.query);
  expect(sandboxes.addressOf(sandbox, { path: '/', query: '' })).toMatch(/^\/\?tmpfleet-started=/);
  expect(started?.id).toBe(sandbox.id);
  for (const query of ['', 'x=1', 'tmpfleet-started=1', 'tmpfleet-started=a.b&x'])
    expect(splitStarted(query)).toEqual({ query, started: undefined, isInVain: false });
});

test('a reader for whom no sandbox came keeps their address and their ticket', () => {
  const address = addressInVain(TARGET, '4~t');
  expect(address).toBe('/notebooks/a.ipynb?x=%22&y&tmpfleet-started=no&ticket=4~t');
  const query = 'x=%22&y&tmpfleet-started=no';
  expect(splitStarted(query)).toEqual({ query: TARGET.query, started: undefined, isInVain: true });
  expect(addressInVain({ path: '/', query: '' }, undefined)).toBe('/?tmpfleet-started=no');
});

test.each([
  ['a browser that our page sends on', BROWSER],
  ['a browser that does not say so', SILENT],
])('%s gets the sandbox, once', (_, request) => {
  const { sandboxes, sandbox, started } = setUp();
  expect(sandboxes.take(started, request)).toBe(sandbox);
  expect(sandboxes.take(started, request)).toBeUndefined();
});

test.each<[string, VisitorRequest]>([
  ['a link on another site', { ...BROWSER, headers: { ...BROWSER.headers, 'sec-fetch-site': 'cross-site' } }],
  ['an address that was sent', { ...BROWSER, headers: { ...BROWSER.headers, 'sec-fetch-site': 'none' } }],
  ['a prefetch', { ...BROWSER, headers: { ...BROWSER.headers, 'sec-purpose': 'prefetch' } }],
  ['a script', { ...BROWSER, headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' } }],
  ['a HEAD', { ...BROWSER, method: 'HEAD' }],
])('%s neither gets the sandbox nor uses the code up', (_, request) => {
  const { sandboxes, sandbox, started } = setUp();
  expect(sandboxes.take(started, request)).toBeUndefined();
  expect(sandboxes.take(started, BROWSER)).toBe(sandbox);
});

test('is good for a minute, and for this claim', () => {
  const late = setUp();
  late.wait(60_000);
  expect(late.sandboxes.take(late.started, BROWSER)).toBeUndefined();
  const released = setUp();
  released.sandbox.key = 'of another reader';
  expect(released.sandboxes.take(released.started, BROWSER)).toBeUndefined();
  const ended = setUp();
  ended.sandboxes.forget(ended.sandbox.id);
  expect(ended.sandboxes.take(ended.started, BROWSER)).toBeUndefined();
});

// WebKit counts the characters that are not white space; https://bugs.webkit.org/show_bug.cgi?id=252413
test.each(Object.keys(LAUNCH_WORDS))(
  'the page is long enough for Safari to show its beginning (%s)',
  (language) => {
    const { body } = preparingPage(editionFor({ 'accept-language': language }, OWN_BRAND));
    expect(body.replaceAll(/<[^>]*>|\s/g, '').length).toBeGreaterThan(200);
  },
);
