// Options of the webhook, and what no single one of them can say.
import { WEBHOOK_EVENTS } from '../shared/api/webhook.ts';
import { inGroup, list, live, option, secret, text } from '../shared/config/option.ts';

export const webhookOptions = inGroup('Events', {
  webhook: {
    ...live(
      option(
        text(
          'url',
          'an http:// or https:// address without a user and a password',
          /^$|^https?:\/\/[^\s/?#@]+(?:[/?][^\s#]*)?$/,
        ),
        '',
        'post what happens to nodes and to the fleet to this address, as JSON, signed',
      ),
    ),
    whenUnset: 'nothing is posted',
  },
  webhookEvents: live(
    option(
      list('names', `some of ${WEBHOOK_EVENTS.join(', ')}`, new RegExp(`^(?:${WEBHOOK_EVENTS.join('|')})$`)),
      [...WEBHOOK_EVENTS],
      'what is posted there',
    ),
  ),
  webhookSecret: {
    ...secret(
      text(
        'secret',
        'at least 16 characters without spaces, for example from: openssl rand -hex 32',
        /^\S{16,}$/,
      ),
      'key with which what is posted is signed (HMAC-SHA-256)',
    ),
    whenUnset: 'no webhook',
  },
});

export interface WebhookConfig {
  readonly webhook: string;
  readonly webhookEvents: readonly string[];
  readonly webhookSecret: string;
  readonly redirectorId: string;
}

export function webhookProblems({
  webhook,
  webhookEvents,
  webhookSecret,
}: Omit<WebhookConfig, 'redirectorId'>): readonly string[] {
  if (webhook === '') return [];
  return [
    ...(URL.canParse(webhook) ? [] : ['webhook: this is not an address']),
    ...(webhookSecret === ''
      ? ['webhook: needs a secret to sign with; set --webhook-secret-file or TMPFLEET_WEBHOOK_SECRET']
      : []),
    ...(webhookEvents.length === 0 ? ['webhook-events: names nothing; leave it away for all events'] : []),
  ];
}
