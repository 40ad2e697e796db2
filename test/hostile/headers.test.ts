// Headers by which a sandbox could act on what it shares with others: each is dropped, through the real proxy.
import { expect, it } from 'vitest';
import { ask, ID, startBed, startCanned } from '../node-agent/proxy/bed.ts';

async function headersFor(lines: readonly string[], status = '200 OK') {
  const head = [`HTTP/1.1 ${status}`, ...lines, 'Content-Length: 0', '', ''];
  const { port } = await startBed((await startCanned(head.join('\r\n'))).port);
  return (await ask(port, `/user/${ID}/`)).headers;
}

it.each([
  [
    'the origin in the browser',
    ['Set-Login: logged-in', 'Expect-CT: max-age=9', 'Shared-Storage-Write: clear'],
  ],
  [
    'the sessions of the origin',
    ['Secure-Session-Registration: (ES256);path="/r"', 'Sec-Session-Registration: (ES256);path="/r"'],
  ],
  [
    'a server in front that serves files',
    ['X-Sendfile2: /etc/passwd 0-', 'X-LIGHTTPD-send-file: /etc/passwd'],
  ],
  [
    'a server in front that fetches pages',
    ['X-Reproxy-URL: http://10.0.0.1/', 'X-LiteSpeed-Location: /admin'],
  ],
  ['nginx', ['X-Accel-Expires: 99999', 'X-Accel-Charset: utf-7', 'X-Accel-Limit-Rate: 1', 'X-Accel-New: 1']],
  [
    'a cache in front',
    ['Surrogate-Control: content="ESI/1.0"', 'CDN-Cache-Control: max-age=9', 'X-CDN-Cache-Control: x'],
  ],
  ['the health of the node at Envoy', ['X-Envoy-Immediate-Health-Check-Fail: true']],
  ['reports of advertisements', ['Attribution-Reporting-Register-Source: {}', 'Ad-Auction-Signals: {}']],
  ['what the node says', ['Tmpfleet-Deadline: 2099-01-01T00:00:00.000Z', 'tmpfleet-other: 1']],
])('a sandbox has no effect on %s', async (_, lines) => {
  const headers = await headersFor([...lines, 'X-Kept: yes']);
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    expect(headers[name], name).toBeUndefined();
  }
  expect(headers['x-kept']).toBe('yes');
});

it('headers for one document pass, because its scripts can do the same', async () => {
  const lines = ['Refresh: 9', 'Speculation-Rules: "/r.json"', 'Reporting-Endpoints: a="/r"', 'Link: </x>'];
  const headers = await headersFor(lines);
  expect(Object.keys(headers)).toEqual(
    expect.arrayContaining(['refresh', 'speculation-rules', 'reporting-endpoints', 'link']),
  );
});

it.each([
  'Basic realm="Your university"',
  'Digest realm="x", nonce="1"',
  'Bearer, bAsIc realm=x',
  ',\tNegotiate',
  'NTLM',
])('no browser asks for a password in the name of the node: %s', async (challenge) => {
  const headers = await headersFor([`WWW-Authenticate: ${challenge}`], '401 Unauthorized');
  expect(headers['www-authenticate']).toBe('Sandbox');
});

it('a challenge for programs passes', async () => {
  const headers = await headersFor(['WWW-Authenticate: Bearer realm="api"'], '401 Unauthorized');
  expect(headers['www-authenticate']).toBe('Bearer realm="api"');
});
