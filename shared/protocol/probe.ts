// The message by which a front checks a node before it sends readers there: keys of our fleet, same time, engine ready?
// It is signed and sent as an order is, but does not expire: a wrong clock must not look like a wrong key. It changes
// nothing. The node signs its answer, with the nonce, under the key of its own tickets (HMAC-SHA-256, RFC 2104): only the
// node of that name, and a front, can give one.
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { isSigned, signText } from './order.ts';
import { nodeIdSchema } from './wire.ts';

const QUESTION = 'tmpfleet probe 2\n';
const ANSWER = 'tmpfleet probe answer 2\n';

/** Greater clock differences are refused: tickets live for seconds, and cookies and deadlines use the node's clock. ms */
export const MAX_SKEW_MS = 30_000;

export const probeSchema = z.object({
  order: z.literal('probe'),
  nonce: z.string().min(8).max(32),
  node: nodeIdSchema,
});
export type Probe = z.infer<typeof probeSchema>;

export const probeAnswerSchema = z.object({
  /** The nonce of the probe. */
  nonce: z.string(),
  node: nodeIdSchema,
  /** ms since 1970 */
  clock: z.number(),
  /** Whether the engine is open; if not, the report may not have the reason yet. */
  ready: z.boolean(),
  /** Where the node sends readers when it has no room; empty when it has no front. */
  front: z.string().max(2048),
});
export type ProbeAnswer = z.infer<typeof probeAnswerSchema>;

/** @param key the front's private key */
export function signProbe(body: string, key: KeyObject): string {
  return signText(QUESTION, body, key);
}

/** The probe, if this body is one and a front signed it. */
export function verifyProbe(body: string, signature: string, keys: readonly KeyObject[]): Probe | undefined {
  return isSigned({ purpose: QUESTION, body, signature, keys }) ? parse(probeSchema, body) : undefined;
}

/** @param key the first of the node's tickets */
export function signProbeAnswer(body: string, key: KeyObject): string {
  return macOf(body, key).toString('base64url');
}

/** The answer, if one of the keys signed it, for this probe. @param keys those of the probed node's tickets */
export function verifyProbeAnswer(
  { nonce, node }: Probe,
  body: string,
  signature: string,
  keys: readonly KeyObject[],
): ProbeAnswer | undefined {
  const given = Buffer.from(signature, 'base64url');
  const isGenuine = keys.some((key) => {
    const mac = macOf(body, key);
    return mac.length === given.length && timingSafeEqual(mac, given);
  });
  if (!isGenuine) return undefined;
  const answer = parse(probeAnswerSchema, body);
  return answer?.nonce === nonce && answer.node === node ? answer : undefined;
}

function macOf(body: string, key: KeyObject): Buffer {
  return createHmac('sha256', key).update(ANSWER).update(body).digest();
}

function parse<T>(schema: z.ZodType<T>, body: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    // Signed, but not JSON: not one of ours.
    return undefined;
  }
}
