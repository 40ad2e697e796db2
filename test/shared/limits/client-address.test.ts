// Which client a request belongs to.
import { describe, expect, test } from 'vitest';
import {
  AddressSet,
  addressRanges,
  clientAddressProblems,
  clientOf,
  createClientAddress,
  UNKNOWN_CLIENT,
} from '../../../shared/limits/client-address.ts';

const from = (remoteAddress: string | undefined, forwarded?: string) => ({
  socket: { remoteAddress },
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::ffff:cb00:7109', '203.0.113.9'],
  ['0:0:0:0:0:ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:2::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::1', '::/64'],
  ['', UNKNOWN_CLIENT],
  ['unknown', UNKNOWN_CLIENT],
  ['203.0.113.999', UNKNOWN_CLIENT],
])('%s is the client %s', (address, client) => {
  expect(clientOf(address)).toBe(client);
});

describe('without --trust-proxy', () => {
  const clientAddress = createClientAddress({ trustProxy: false, trustedProxies: [] });

  test('the client is the other end of the connection, whatever a header says', () => {
    expect(clientAddress(from('203.0.113.9', '198.51.100.1'))).toBe('203.0.113.9');
  });

  test('a closed connection has no client', () => {
    expect(clientAddress(from(undefined))).toBe(UNKNOWN_CLIENT);
  });
});

describe('with --trust-proxy', () => {
  const clientAddress = createClientAddress({ trustProxy: true, trustedProxies: [] });

  test.each([
    ['one entry', '203.0.113.9', '203.0.113.9'],
    ['a forged entry to the left', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['many forged entries', '10.0.0.1,127.0.0.1,::1,203.0.113.9', '203.0.113.9'],
    ['IPv6', '198.51.100.1, 2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['a port', '203.0.113.9:4711', '203.0.113.9'],
    ['IPv6 with a port', '[2001:db8:1:2::9]:4711', '2001:db8:1:2::/64'],
    ['IPv4-mapped IPv6', '::ffff:203.0.113.9', '203.0.113.9'],
    ['an invalid entry', '203.0.113.9, unknown', '127.0.0.1'],
    ['nothing', '', '127.0.0.1'],
    ['commas', ',,', '127.0.0.1'],
  ])('%s: the right-most entry counts', (_what, forwarded, client) => {
    expect(clientAddress(from('127.0.0.1', forwarded))).toBe(client);
  });

  test('without the header the client is the other end of the connection', () => {
    expect(clientAddress(from('::ffff:203.0.113.9'))).toBe('203.0.113.9');
  });
});

describe('with --trusted-proxies', () => {
  const trustedProxies = ['192.0.2.0/24', '2001:db8:c::/48'];
  const clientAddress = createClientAddress({ trustProxy: true, trustedProxies });

  test.each([
    ['a proxy before the terminator is skipped', '127.0.0.1', '203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['two proxies', '192.0.2.1', '203.0.113.9, 2001:db8:c::5, 192.0.2.7', '203.0.113.9'],
    ['a forged entry to the left', '192.0.2.1', '10.9.9.9, 203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['a stranger who connects directly is not believed', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['an invalid entry ends the chain', '192.0.2.1', 'x, 192.0.2.7', '192.0.2.7'],
    ['a proxy that asks for itself', '192.0.2.1', '192.0.2.7', '192.0.2.7'],
  ])('%s', (_what, peer, forwarded, client) => {
    expect(clientAddress(from(peer, forwarded))).toBe(client);
  });

  test('has no effect without --trust-proxy, and says so', () => {
    expect(clientAddressProblems({ trustProxy: false, trustedProxies })).toEqual([
      'trusted-proxies: has no effect without --trust-proxy',
    ]);
    expect(clientAddressProblems({ trustProxy: true, trustedProxies })).toEqual([]);
  });
});

describe('a set of addresses', () => {
  const exempt = new AddressSet(['192.0.2.0/24', '198.51.100.7', '2001:db8:1::5', '2001:db8:2::/48'], 64);

  test.each([
    ['192.0.2.200', true],
    ['192.0.3.1', false],
    ['198.51.100.7', true],
    ['198.51.100.8', false],
    [clientOf('2001:db8:1::9'), true],
    [clientOf('2001:db8:1:1::9'), false],
    [clientOf('2001:db8:2:7::9'), true],
    [UNKNOWN_CLIENT, false],
  ])('has %s: %s', (client, has) => {
    expect(exempt.has(client)).toBe(has);
  });

  test('an IPv6 range holds no IPv4 address', () => {
    expect(new AddressSet(['::1'], 64).has('192.0.2.1')).toBe(false);
    expect(new AddressSet(['::/0']).has('192.0.2.1')).toBe(false);
  });

  test('an empty set has nothing', () => {
    expect(new AddressSet([]).has('192.0.2.1')).toBe(false);
  });
});

test.each([
  '300.0.0.1',
  '10.0.0.0/33',
  '10.0.0.0/',
  '2001:db8::/129',
  'fe80::1%eth0/64',
  'here',
  '10.0.0.0/8/8',
])('a range of addresses is never %s', (range) => {
  expect(addressRanges().schema.safeParse(range).success).toBe(false);
  expect(addressRanges().schema.safeParse(`192.0.2.0/24,${range}`).success).toBe(false);
});
