// Keys derived from the fleet's secret, and the node key as text.
import { hkdfSync, sign, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { formatNodeKey, parseNodeKey } from '../../../shared/protocol/node-key.ts';
import { orderKey, ticketKeys } from '../../support/fleet-keys.ts';

const SECRET = 'a-secret-of-the-fleet';
const NEWER = 'a-newer-secret-of-it';

describe('the keys of a fleet', () => {
  test('are those of HKDF-SHA-256 with a purpose each', () => {
    const [key] = ticketKeys('node7', SECRET);
    const expected = hkdfSync('sha256', SECRET, '', 'tmpfleet 1 tickets of node7', 32);
    expect(key?.export()).toEqual(Buffer.from(expected));
    expect(orderKey(SECRET).asymmetricKeyType).toBe('ed25519');
  });

  test('differ between nodes, secrets and purposes', () => {
    const keys = [ticketKeys('node7', SECRET), ticketKeys('node8', SECRET), ticketKeys('node7', NEWER)];
    const texts = keys.flat().map((key) => key.export().toString('hex'));
    texts.push(orderKey(SECRET).export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('hex'));
    expect(new Set(texts).size).toBe(4);
  });

  test('seal a list of tried nodes for one nonce', () => {
    const keys = new FleetKeys([NEWER, SECRET]);
    const seal = keys.seal('nonce-1', ['a', 'b']);
    expect(keys.isSealed(seal, 'nonce-1', ['a', 'b'])).toBe(true);
    expect(keys.isSealed(new FleetKeys([SECRET]).seal('nonce-1', ['a']), 'nonce-1', ['a'])).toBe(true);
    expect(keys.isSealed(seal, 'nonce-2', ['a', 'b'])).toBe(false);
    expect(keys.isSealed(seal, 'nonce-1', ['a'])).toBe(false);
    expect(keys.isSealed('', 'nonce-1', ['a', 'b'])).toBe(false);
  });
});

describe('a node key', () => {
  test('holds the keys of its node and the public key of orders, and nothing that signs orders', () => {
    const text = formatNodeKey([SECRET], 'node7');
    const { tickets, orders } = parseNodeKey(text, 'node7');
    expect(tickets.map((key) => key.export())).toEqual(
      ticketKeys('node7', SECRET).map((key) => key.export()),
    );
    const signature = sign(null, Buffer.from('x'), orderKey(SECRET));
    expect(orders.map((key) => verify(null, Buffer.from('x'), key, signature))).toEqual([true]);
    expect(orders.map(({ type }) => type)).toEqual(['public']);
    expect(text).not.toContain(SECRET);
    expect(text).toMatch(/^tmpfleet-node-1:node7:[\w-]{43}:[\w-]{43}:[\w-]{8}$/);
  });

  test('has two parts while the secret changes, the new one first', () => {
    const { tickets, orders } = parseNodeKey(formatNodeKey([NEWER, SECRET], 'node7'), 'node7');
    expect(tickets.map((key) => key.export())).toEqual(
      ticketKeys('node7', NEWER, SECRET).map((key) => key.export()),
    );
    expect(orders).toHaveLength(2);
  });

  test.each([
    ['cut', (text: string) => text.slice(0, -1), 'damaged'],
    ['changed in one character', (text: string) => text.replace('node7:', 'node7:_'), 'damaged'],
    ['cut in the middle', (text: string) => text.slice(0, 40), 'damaged'],
    ['of another version', (text: string) => text.replace('node-1', 'node-2'), 'another version'],
    ['a secret instead', () => 'a-secret-of-the-fleet', 'not a node key'],
    [
      'for another node',
      () => formatNodeKey([SECRET], 'node8'),
      'for the node node8, and this node is node7',
    ],
    ['with a second part that is damaged', (text: string) => `${text},x`, 'not a node key'],
  ])('that is %s is refused without being shown, with how to make another', (_, change, why) => {
    const text = change(formatNodeKey([SECRET], 'node7'));
    expect(() => parseNodeKey(text, 'node7')).toThrow(
      expect.objectContaining({
        code: 'bad-config',
        message: expect.stringContaining(why),
        remedy: expect.stringContaining('tmpfleet node key node7'),
      }),
    );
    try {
      parseNodeKey(text, 'node7');
    } catch (error) {
      expect(String(error)).not.toContain(text);
    }
  });

  test('is made for a valid name only', () => {
    expect(() => formatNodeKey([SECRET], 'no name')).toThrow(/node id: invalid value "no name"/);
  });
});
