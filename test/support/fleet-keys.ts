// The keys that a fleet of the tests derives from its secret.
import { createSecretKey, type KeyObject } from 'node:crypto';
import { FleetKeys } from '../../shared/protocol/fleet-keys.ts';

/** Those of a node's tickets. */
export function ticketKeys(node: string, ...secrets: readonly string[]): readonly KeyObject[] {
  return new FleetKeys(secrets).tickets(node);
}

/** The private key that signs orders. */
export function orderKey(secret: string): KeyObject {
  const { orders } = new FleetKeys([secret]);
  if (orders === undefined) throw new TypeError('no secret, no key');
  return orders;
}

/** The public keys that verify orders. */
export function publicOrderKeys(...secrets: readonly string[]): readonly KeyObject[] {
  return new FleetKeys(secrets).nodeKeys('any').orders;
}

/** A key that belongs to no fleet. */
export function secretKey(text: string): KeyObject {
  return createSecretKey(Buffer.from(text));
}
