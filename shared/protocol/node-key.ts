// The node key: all that a node needs to know of its fleet's secret, as one line of text for a file or a variable.
//
//   tmpfleet-node-1:<node id>:<key of its tickets>:<public key of orders>:<checksum>
//
// Keys in base64url. The checksum is the beginning of a SHA-256 of what stands before it: it finds a damaged copy, and
// proves nothing. During a rotation there are two, the new one first, with a comma between them.
import { createHash, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { describeError, FleetError } from '../errors.ts';
import { deriveOrderKey, deriveTicketKey, type NodeKeys } from './fleet-keys.ts';
import { NODE_ID } from './wire.ts';

const PREFIX = 'tmpfleet-node-1';
const CHECKSUM_LENGTH = 8;
const FIELDS = 5;
const KEY = /^[A-Za-z0-9_-]{43}$/;

/** @param secrets of the fleet, the new one first @throws FleetError `bad-request` for an invalid node id */
export function formatNodeKey(secrets: readonly string[], node: string): string {
  if (!NODE_ID.test(node)) {
    const expected = 'up to 63 letters, digits, dots, dashes and underscores';
    throw new FleetError(
      'bad-request',
      `node id: invalid value ${JSON.stringify(node)}; expected ${expected}`,
    );
  }
  return secrets
    .map((secret) => {
      const tickets = deriveTicketKey(secret, node).toString('base64url');
      const { x: orders = '' } = createPublicKey(deriveOrderKey(secret)).export({ format: 'jwk' });
      const text = [PREFIX, node, tickets, orders].join(':');
      return `${text}:${checksumOf(text)}`;
    })
    .join(',');
}

/**
 * @param text one node key, or two with a comma between them
 * @param node the id of this node
 * @throws FleetError `bad-config` that says what is wrong and how to make another, without the key
 */
export function parseNodeKey(text: string, node: string): NodeKeys {
  const parsed = text.split(',').map((part) => parseOne(part.trim(), node));
  return { tickets: parsed.map(({ tickets }) => tickets), orders: parsed.map(({ orders }) => orders) };
}

/** What is wrong with a node key, and how to make another; undefined when it can be used. */
export function nodeKeyProblem(text: string, node: string): string | undefined {
  try {
    parseNodeKey(text, node);
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}

function parseOne(text: string, node: string): { readonly tickets: KeyObject; readonly orders: KeyObject } {
  const fields = text.split(':');
  const [prefix = '', id = '', tickets = '', orders = '', checksum = ''] = fields;
  if (prefix !== PREFIX) {
    const isOther = /^tmpfleet-node-\d+$/.test(prefix);
    throw invalid(isOther ? `it is of another version (${prefix})` : 'it is not a node key', node);
  }
  const before = text.slice(0, text.lastIndexOf(':'));
  const isWhole = fields.length === FIELDS && KEY.test(tickets) && KEY.test(orders);
  if (!isWhole || checksum !== checksumOf(before)) throw invalid('it is damaged', node);
  if (id !== node) throw invalid(`it is for the node ${id}, and this node is ${node}`, node);
  try {
    return {
      tickets: createSecretKey(Buffer.from(tickets, 'base64url')),
      orders: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: orders }, format: 'jwk' }),
    };
  } catch {
    throw invalid('it is damaged', node);
  }
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, CHECKSUM_LENGTH);
}

function invalid(why: string, node: string): FleetError {
  return new FleetError('bad-config', `node-key: ${why}`, {
    remedy: `make one where the fleet's secret is: tmpfleet node key ${node} --secret-file /etc/tmpfleet/fleet-secret`,
  });
}
