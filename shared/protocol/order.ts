// An order from the front to a node: cordon, uncordon, drain, something about its pool, or a setting that is said at the front.
// It is sent to the node's public address, the only one that the front knows, and signed by the front (Ed25519, RFC 8032), so that no control listener has to be open to the network.
// Nodes hold only the public key, so none can give orders to another. It is valid for one node, once, for a minute.
import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { isEmbedOrigin, MAX_EMBED_ORIGINS } from './embed-origins.ts';
import { logWishSchema } from './log-wish.ts';
import { nodeIdSchema } from './wire.ts';

export const ORDERS = ['cordon', 'uncordon', 'drain'] as const;
export type OrderName = (typeof ORDERS)[number];

/** About a node's pool as a whole: what its own control listener offers as `/api/pool…`. */
export const POOL_ORDERS = [
  'pool-status',
  'pool-resize',
  'pool-recycle',
  'pool-pause',
  'pool-resume',
  'pool-refresh',
] as const;
export type PoolOrderName = (typeof POOL_ORDERS)[number];

/** Asks for the last lines of the node-agent's own log. */
export const LOG = 'log';

/** Ends one sandbox: for operators, and for checks that remove the sandbox they made. */
export const END = 'end';

/** Says which sites may show the node's pages in a frame (`--embed-origins`). */
export const EMBED = 'embed';

export const ORDER_PATH = '/api/orders';
export const SIGNATURE_HEADER = 'tmpfleet-signature';
/** ms */
export const ORDER_LIFE_MS = 60_000;

/** Prefix of what is signed, so that the signature fits no ticket or other message. */
const PURPOSE = 'tmpfleet order 1\n';

export const orderSchema = z.object({
  order: z.enum([...ORDERS, ...POOL_ORDERS, LOG, END, EMBED]),
  node: nodeIdSchema,
  /** For `end`: the sandbox. */
  sandbox: z.string().max(64).optional(),
  /** For `embed`. */
  origins: z.array(z.string().refine(isEmbedOrigin)).max(MAX_EMBED_ORIGINS).optional(),
  /** For `pool-resize`; null returns to the configured value. The node checks the limits. */
  size: z
    .object({
      capacity: z.number().int().nullable().optional(),
      warm: z
        .union([z.number().int(), z.literal('all')])
        .nullable()
        .optional(),
    })
    .optional(),
  /** For `log`. */
  log: logWishSchema.optional(),
  /** For `drain`: ms from now; by default the node's own setting. */
  deadline: z.number().nonnegative().optional(),
  nonce: z.string().min(8).max(32),
  /** ms since 1970 */
  expires: z.number().int().nonnegative(),
});
export type Order = z.infer<typeof orderSchema>;

/** The signature of a body, in base64url. @param key the front's private key */
export function signOrder(body: string, key: KeyObject): string {
  return signText(PURPOSE, body, key);
}

/** Whether a front signed it, whatever it says: an order of a later version, for example. */
export function isSignedOrder(body: string, signature: string, keys: readonly KeyObject[]): boolean {
  return isSigned({ purpose: PURPOSE, body, signature, keys });
}

/** The order, if the front signed it and its time is within a minute of ours; otherwise undefined. */
export function verifyOrder(
  body: string,
  signature: string,
  keys: readonly KeyObject[],
  now: number,
): Order | undefined {
  if (!isSignedOrder(body, signature, keys)) return undefined;
  const parsed = orderSchema.safeParse(JSON.parse(body));
  if (!parsed.success) return undefined;
  const left = parsed.data.expires - now;
  return left >= 0 && left <= 2 * ORDER_LIFE_MS ? parsed.data : undefined;
}

/** @param purpose part of the signed text, so that a signature is valid for one kind of message only */
export function signText(purpose: string, body: string, key: KeyObject): string {
  return sign(null, Buffer.from(purpose + body), key).toString('base64url');
}

export interface Signed {
  readonly purpose: string;
  readonly body: string;
  readonly signature: string;
  /** Public keys of fronts. */
  readonly keys: readonly KeyObject[];
}

/** Whether the private half of one of the keys made the signature. */
export function isSigned({ purpose, body, signature, keys }: Signed): boolean {
  const text = Buffer.from(purpose + body);
  const given = Buffer.from(signature, 'base64url');
  return keys.some((key) => verify(null, text, key, given));
}
