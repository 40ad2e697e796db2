import { describe, expect, test } from 'vitest';
import { nodeAgentOptions } from '../../../node-agent/config.ts';
import { SandboxDomain } from '../../../node-agent/own-origin/sandbox-domain.ts';

const ID = '0123456789abcdef0123456789abcdef01234567';

describe('the host names of sandboxes', () => {
  const domain = new SandboxDomain('Node7.example.org');

  test.each([
    [`${ID}.node7.example.org`, ID],
    [`${ID}.node7.example.org:8443`, ID],
    [`${ID.toUpperCase()}.NODE7.Example.ORG`, ID],
    [`${ID}.node7.example.org.`, ID],
    [`${ID}.node7.example.org.:80`, ID],
    // Not an id, but not the node's own name either: nothing of the node is served there.
    [`a.b.node7.example.org`, 'a.b'],
    ['.node7.example.org', ''],
  ])('%s is the host of %j', (host, label) => {
    expect(domain.labelOf(host)).toBe(label);
  });

  test.each([
    undefined,
    '',
    'node7.example.org',
    'node7.example.org:443',
    'xnode7.example.org',
    `${ID}.node7xexample.org`,
    `${ID}.node7.example.org.evil.test`,
    `${ID}.node8.example.org`,
    '127.0.0.1:8000',
    '[::1]:8000',
  ])('%j is no host of a sandbox', (host) => {
    expect(domain.labelOf(host)).toBeUndefined();
  });

  test.each([
    [{ host: 'node7.example.org', isSecure: true }, `https://${ID}.node7.example.org`],
    [{ host: 'node7.example.org:8000', isSecure: false }, `http://${ID}.node7.example.org:8000`],
    [{ host: '[::1]:8000', isSecure: false }, `http://${ID}.node7.example.org:8000`],
    [{ host: undefined, isSecure: false }, `http://${ID}.node7.example.org`],
  ])('a reader who came by %j is sent to %s', (approach, origin) => {
    expect(domain.originOf(ID, approach)).toBe(origin);
  });

  test('a configured port replaces that of the address by which the reader came', () => {
    const other = new SandboxDomain('boxes.example.net:9443');
    const approach = { host: 'node7.example.org:8000', isSecure: true };
    expect(other.originOf(ID, approach)).toBe(`https://${ID}.boxes.example.net:9443`);
    expect(other.labelOf(`${ID}.boxes.example.net`)).toBe(ID);
  });

  test('only an id that is a DNS label can be a host name', () => {
    expect([ID, 'a', 'a-b', 'a'.repeat(63)].map((id) => domain.canName(id))).toEqual(Array(4).fill(true));
    expect(['', 'A', '-a', 'a_b', 'a.b', 'a/b', 'a'.repeat(64)].map((id) => domain.canName(id))).toEqual(
      Array(7).fill(false),
    );
  });
});

test.each([
  ['localhost', true],
  ['node7.example.org', true],
  ['node7.example.org:8443', true],
  ['127.0.0.1', false],
  ['*.example.org', false],
  ['https://node7.example.org', false],
  ['node7.example.org/', false],
  ['-a.example.org', false],
  ['a..b', false],
  ['node7.example.org:', false],
  [`${'a'.repeat(64)}.org`, false],
])('as a sandbox domain, %s is valid: %s', (text, isValid) => {
  expect(nodeAgentOptions.sandboxDomain.kind.schema.safeParse(text).success).toBe(isValid);
});
