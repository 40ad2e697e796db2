// The signature of what a webhook is sent. A receiver computes it again, and refuses what is old, so that none can send it
// something in our name, or send something of ours again.
import { createHmac } from 'node:crypto';

export const WEBHOOK_SIGNATURE_HEADER = 'tmpfleet-webhook-signature';

/**
 * `t=<seconds since 1970>,v1=<hex>`: HMAC-SHA-256 (RFC 2104), under the secret, of those seconds, a dot and the body.
 * @param now ms since 1970
 */
export function signDelivery(body: string, secret: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
