// Routes of the control listener for the webhook: how it stands, and a try.
import type Router from '@koa/router';
import { webhookPingSchema, webhookStatusSchema } from '../../shared/api/webhook.ts';
import type { Operation } from '../../shared/http/openapi.ts';
import type { Webhook } from '../webhook/webhook.ts';

export function addWebhookRoutes(router: Router, webhook: Webhook): void {
  router.get('/api/webhook', (context) => {
    context.body = webhook.status();
  });
  router.post('/api/webhook/ping', async (context) => {
    context.body = await webhook.ping();
  });
}

export const WEBHOOK_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'get', path: '/api/webhook', summary: 'How the webhook stands', token: 'control' },
    answers: {
      200: { description: 'without its path, which may hold a secret', schema: webhookStatusSchema },
    },
  },
  {
    method: 'post',
    path: '/api/webhook/ping',
    summary: 'Posts an event to the webhook, to see whether it answers',
    answers: { 200: { description: 'whether it does', schema: webhookPingSchema } },
    refuses: ['conflict'],
    token: 'control',
  },
];
