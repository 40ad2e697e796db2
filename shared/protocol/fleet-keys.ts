// The keys of a fleet, all derived from its secret by HKDF-SHA-256 (RFC 5869). The secret stays on the fronts. A node holds
// only the key of its own tickets and the public half of the key that signs orders (Ed25519, RFC 8032), so that a stolen
// node can sign nothing that another node or a front takes for another's.
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { BoundedMap } from '../collections/bounded-map.ts';

const KEY_BYTES = 32;
/** An Ed25519 private key in PKCS #8 (RFC 8410 §7) up to the 32 bytes of the key itself. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** 128 bits of an HMAC-SHA-256 (truncated as in RFC 2104 §5). */
const MAC_BYTES = 16;
const KEY_ID_BYTES = 12;
/** Nodes whose ticket keys are kept. A fleet has 10,000 at most. */
const REMEMBERED_NODES = 16_384;

/** What a node verifies and signs with; each list has the newest key first. Both are empty in a fleet without a secret. */
export interface NodeKeys {
  /** Secret: of tickets to and from this node. The first signs. */
  readonly tickets: readonly KeyObject[];
  /** Public: of the front's orders. */
  readonly orders: readonly KeyObject[];
}

/** Keys that may change while a program runs: whoever has one of the lists sees the new keys in it. */
export class LiveNodeKeys implements NodeKeys {
  readonly tickets: KeyObject[] = [];
  readonly orders: KeyObject[] = [];

  constructor(keys: NodeKeys) {
    this.replace(keys);
  }

  replace({ tickets, orders }: NodeKeys): void {
    replaceAll(this.tickets, tickets);
    replaceAll(this.orders, orders);
  }
}

function replaceAll<T>(list: T[], items: readonly T[]): void {
  list.splice(0, list.length, ...items);
}

/** What a front signs and verifies with. */
export class FleetKeys {
  #secrets: readonly string[] = [];
  #orders: readonly KeyObject[] = [];
  readonly #orderVerifiers: KeyObject[] = [];
  /** Of the lists of tried nodes in tickets. */
  readonly #seals: Signatures;
  /** Of the challenges of proofs of work. */
  readonly challenges: Signatures;
  /** Of the cookies that lead readers back to their node. */
  readonly returns: Signatures;
  /** Of readers' places in line. */
  readonly places: Signatures;
  readonly #tickets = new BoundedMap<string, readonly KeyObject[]>(REMEMBERED_NODES);

  /** @param secrets the first signs, the others only verify while secrets rotate; none: nothing can be signed */
  constructor(secrets: readonly string[]) {
    this.#seals = new Signatures('seal');
    this.challenges = new Signatures('proof of work');
    this.returns = new Signatures('return');
    this.places = new Signatures('place in line');
    this.replace(secrets);
  }

  /** Signs with the first of these secrets from now on, and verifies with all of them. */
  replace(secrets: readonly string[]): void {
    this.#secrets = secrets;
    this.#orders = secrets.map(deriveOrderKey);
    replaceAll(
      this.#orderVerifiers,
      this.#orders.map((key) => createPublicKey(key)),
    );
    for (const each of [this.#seals, this.challenges, this.returns, this.places]) each.replace(secrets);
    this.#tickets.clear();
  }

  /** Whether the fleet has a secret. */
  get exist(): boolean {
    return this.#secrets.length > 0;
  }

  /** The private key that signs orders; undefined without a secret. */
  get orders(): KeyObject | undefined {
    return this.#orders[0];
  }

  /** The public halves, newest first. The list stays the same object when the secrets are replaced. */
  orderVerifiers(): readonly KeyObject[] {
    return this.#orderVerifiers;
  }

  /** The keys of a node's tickets, newest first. @param node a name of a known node: the keys of each are remembered */
  tickets(node: string): readonly KeyObject[] {
    const known = this.#tickets.get(node);
    if (known !== undefined) return known;
    const keys = this.#secrets.map((secret) => createSecretKey(deriveTicketKey(secret, node)));
    this.#tickets.set(node, keys);
    return keys;
  }

  /** Whether a node verifies what this front signs, by its report; undefined where it does not say. */
  areOf({
    node,
    key_ids: ids,
  }: {
    readonly node: string;
    readonly key_ids?: readonly string[] | undefined;
  }): boolean | undefined {
    if (ids === undefined) return undefined;
    const [key] = this.tickets(node);
    return key === undefined ? ids.length === 0 : ids.includes(ticketKeyId(key));
  }

  /** What the node of this name has to hold. */
  nodeKeys(node: string): NodeKeys {
    return { tickets: this.tickets(node), orders: this.orderVerifiers() };
  }

  /** Proves that a front wrote this list of tried nodes into the ticket with this nonce. Only fronts can make one. */
  seal(nonce: string, tried: readonly string[]): string {
    return this.#seals.sign(sealed(nonce, tried));
  }

  isSealed(seal: string, nonce: string, tried: readonly string[]): boolean {
    return this.#seals.verify(sealed(nonce, tried), seal);
  }
}

/** Proves that a front of this fleet wrote a text for one purpose. Only fronts can make and check these. */
export class Signatures {
  readonly #purpose: string;
  #keys: readonly KeyObject[] = [];

  constructor(purpose: string) {
    this.#purpose = purpose;
  }

  replace(secrets: readonly string[]): void {
    this.#keys = secrets.map((secret) => createSecretKey(derive(secret, this.#purpose)));
  }

  /** @returns 128 bits in base64url @throws TypeError in a fleet without a secret */
  sign(text: string): string {
    const [key] = this.#keys;
    if (key === undefined) throw new TypeError('a signature needs a secret');
    return mac(text, key).toString('base64url');
  }

  verify(text: string, signature: string): boolean {
    const given = Buffer.from(signature, 'base64url');
    return given.length === MAC_BYTES && this.#keys.some((key) => timingSafeEqual(given, mac(text, key)));
  }
}

/** What a node may show of a ticket key, so that a front can tell whether it has the same: 96 bits that only this key gives. */
export function ticketKeyId(key: KeyObject): string {
  return createHmac('sha256', key).update('key id').digest().subarray(0, KEY_ID_BYTES).toString('base64url');
}

/** 32 bytes. */
export function deriveTicketKey(secret: string, node: string): Buffer {
  return derive(secret, `tickets of ${node}`);
}

/** The private key; a node gets only its public half. */
export function deriveOrderKey(secret: string): KeyObject {
  const key = Buffer.concat([PKCS8_ED25519, derive(secret, 'orders')]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `tmpfleet 1 ${purpose}`, KEY_BYTES));
}

/** A tilde is in no name, so that no two lists give the same text. */
function sealed(nonce: string, tried: readonly string[]): string {
  return [nonce, ...tried].join('~');
}

function mac(text: string, key: KeyObject): Buffer {
  return createHmac('sha256', key).update(text).digest().subarray(0, MAC_BYTES);
}
