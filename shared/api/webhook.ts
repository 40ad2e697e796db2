// What a webhook of the front is sent, and how it stands.
import { z } from 'zod';

/** What is told of the fleet, and which of it is told unless `--webhook-events` says otherwise: all. */
export const WEBHOOK_EVENTS = [
  'node-added',
  'node-removed',
  'node-unreachable',
  'node-reachable',
  'node-state',
  'node-problem',
  'node-canary',
  'fleet-full',
  'fleet-room',
] as const;
export type WebhookEventName = (typeof WEBHOOK_EVENTS)[number];

export const webhookEventSchema = z.object({
  id: z.string().describe('of the event: the same when it is sent again'),
  at: z.iso.datetime().describe("when it happened, by the front's clock"),
  event: z.enum([...WEBHOOK_EVENTS, 'ping']),
  node: z.string().optional().describe('id of the node that it is about'),
  text: z.string().describe('what happened, for people'),
  was: z.string().nullable().optional().describe('of a change: what it was before'),
  now: z.string().nullable().optional().describe('of a change: what it is now'),
});
export type WebhookEvent = z.infer<typeof webhookEventSchema>;

/** The body of each `POST` to a webhook. */
export const webhookBodySchema = z.object({
  id: z.string().describe('of the delivery: the same when it is sent again'),
  front: z.string().describe('`--redirector-id`, or the name of its host'),
  dropped: z
    .number()
    .int()
    .describe('events that were left out since the start of the front, because they could not be delivered'),
  events: z.array(webhookEventSchema).describe('oldest first'),
});
export type WebhookBody = z.infer<typeof webhookBodySchema>;

/** `GET /api/webhook` of the front. */
export const webhookStatusSchema = z.object({
  origin: z.string().nullable().describe('scheme, host and port of the webhook; null where there is none'),
  waiting: z.number().int().describe('events that are still to be delivered'),
  delivered: z.number().int(),
  dropped: z.number().int(),
  failing_since: z.iso.datetime().nullable(),
  problem: z.string().nullable().describe('why the last delivery failed'),
});
export type WebhookStatusJson = z.infer<typeof webhookStatusSchema>;

/** `POST /api/webhook/ping` */
export const webhookPingSchema = z.object({
  ok: z.boolean(),
  took_ms: z.number().int(),
  problem: z.string().nullable(),
});
export type WebhookPingJson = z.infer<typeof webhookPingSchema>;
