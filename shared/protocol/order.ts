// An order from the front to a node: cordon, uncordon, drain. It is sent to the node's public address, the only one that
// the front knows, and signed with the fleet's secret (HMAC-SHA-256, RFC 2104), so that no control listener has to be
// open to the network. It is valid for one node, once, for a minute.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { nodeIdSchema } from './wire.ts';

export const ORDERS = ['cordon', 'uncordon', 'drain'] as const;
export type OrderName = (typeof ORDERS)[number];

/** Ends one sandbox: for operators, and for checks that remove the sandbox they made. */
export const END = 'end';

export const ORDER_PATH = '/api/orders';
export const SIGNATURE_HEADER = 'tmpfleet-signature';
/** ms */
export const ORDER_LIFE_MS = 60_000;

/** Prefix of what is signed, so that the signature fits no ticket or other message. */
const PURPOSE = 'tmpfleet order 1\n';

export const orderSchema = z.object({
  order: z.enum([...ORDERS, END]),
  node: nodeIdSchema,
  /** For `end`: the sandbox. */
  sandbox: z.string().max(64).optional(),
  /** For `drain`: ms from now; by default the node's own setting. */
  deadline: z.number().nonnegative().optional(),
  nonce: z.string().min(8).max(32),
  /** ms since 1970 */
  expires: z.number().int().nonnegative(),
});
export type Order = z.infer<typeof orderSchema>;

/** The signature of a body, in base64url. @param secret the first of the fleet's */
export function signOrder(body: string, secret: string): string {
  return signText(PURPOSE, body, secret);
}

/** The order, if one of the secrets signed it and its time is within a minute of ours; otherwise undefined. */
export function verifyOrder(
  body: string,
  signature: string,
  secrets: readonly string[],
  now: number,
): Order | undefined {
  if (!isSigned({ purpose: PURPOSE, body, signature, secrets })) return undefined;
  const parsed = orderSchema.safeParse(JSON.parse(body));
  if (!parsed.success) return undefined;
  const left = parsed.data.expires - now;
  return left >= 0 && left <= 2 * ORDER_LIFE_MS ? parsed.data : undefined;
}

/** @param purpose part of the signed text, so that a signature is valid for one kind of message only */
export function signText(purpose: string, body: string, secret: string): string {
  return mac(purpose, body, secret).toString('base64url');
}

export interface Signed {
  readonly purpose: string;
  readonly body: string;
  readonly signature: string;
  readonly secrets: readonly string[];
}

/** Whether one of the secrets made the signature. */
export function isSigned({ purpose, body, signature, secrets }: Signed): boolean {
  const given = Buffer.from(signature, 'base64url');
  let genuine = false;
  // Every secret is tried, so that the time taken does not reveal which one matched.
  for (const secret of secrets) {
    const right = mac(purpose, body, secret);
    genuine = (given.length === right.length && timingSafeEqual(given, right)) || genuine;
  }
  return genuine;
}

function mac(purpose: string, body: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(purpose).update(body).digest();
}
