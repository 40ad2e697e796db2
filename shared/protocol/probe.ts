// The message by which a front checks a node before it sends readers there: same secret, same time, engine ready?
// It is signed and sent as an order is, but does not expire: a wrong clock must not look like a wrong secret.
// It changes nothing. The answer is signed together with its nonce, so that only a holder of the secret can give one.
import { z } from 'zod';
import { isSigned, signText } from './order.ts';
import { nodeIdSchema } from './wire.ts';

const QUESTION = 'tmpfleet probe 1\n';
const ANSWER = 'tmpfleet probe answer 1\n';

/** Greater clock differences are refused: tickets live for seconds, and cookies and deadlines use the node's clock. ms */
export const MAX_SKEW_MS = 30_000;

export const probeSchema = z.object({ order: z.literal('probe'), nonce: z.string().min(8).max(32) });
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

/** @param secret the first of the fleet's */
export function signProbe(body: string, secret: string): string {
  return signText(QUESTION, body, secret);
}

/** The probe, if this body is one and one of the secrets signed it. */
export function verifyProbe(body: string, signature: string, secrets: readonly string[]): Probe | undefined {
  return isSigned({ purpose: QUESTION, body, signature, secrets }) ? parse(probeSchema, body) : undefined;
}

export function signProbeAnswer(body: string, secret: string): string {
  return signText(ANSWER, body, secret);
}

/** The answer, if one of the secrets signed it, for this probe. */
export function verifyProbeAnswer(
  { nonce }: Probe,
  body: string,
  signature: string,
  secrets: readonly string[],
): ProbeAnswer | undefined {
  if (!isSigned({ purpose: ANSWER, body, signature, secrets })) return undefined;
  const answer = parse(probeAnswerSchema, body);
  return answer?.nonce === nonce ? answer : undefined;
}

function parse<T>(schema: z.ZodType<T>, body: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    // Signed, but not JSON: not one of ours.
    return undefined;
  }
}
