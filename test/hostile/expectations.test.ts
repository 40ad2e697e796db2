// Expectations (RFC 9110 §10.1.1): a proxy in front may take an answer for the end of a request whose body was never sent, and send the
// next reader's request on the same connection. It must not become the body of the first.
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startAgent } from '../support/agent.ts';

test.each([
  ['an unknown expectation', '200-ok', /^HTTP\/1\.1 417 /],
  ['100-continue', '100-continue', /^HTTP\/1\.1 404 /],
])('no request follows one whose body was not asked for: %s', async (_, expectation, answer) => {
  const agent = await startAgent();
  onTestFinished(() => agent.close());
  const socket = connect(Number(new URL(agent.url).port), '127.0.0.1');
  let heard = '';
  socket.on('data', (data) => {
    heard += String(data);
  });
  socket.write(`POST /nothing HTTP/1.1\r\nHost: n\r\nContent-Length: 35\r\nExpect: ${expectation}\r\n\r\n`);
  await once(socket, 'close');
  expect(heard).toMatch(answer);
  expect(heard).toMatch(/^connection: close\r$/im);
});
