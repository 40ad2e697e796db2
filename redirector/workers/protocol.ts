// What a redirector and its workers tell each other, over the channel between their processes.
import { z } from 'zod';
import { memberSchema } from '../../shared/protocol/wire.ts';
import type { RedirectorConfig } from '../config.ts';
import type { MetricsJson } from './metrics.ts';

const members = z.array(memberSchema).readonly();
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** To a worker. What has an `id` is answered by a `done` with that id. */
const orderSchema = z.discriminatedUnion('type', [
  // The configuration travels here and not on a command line, where anyone could read its secrets.
  z.object({ type: z.literal('start'), config: z.custom<RedirectorConfig>(isObject), members }),
  z.object({ type: z.literal('members'), id: z.number(), members }),
  z.object({ type: z.literal('metrics'), id: z.number() }),
  z.object({ type: z.literal('stop') }),
]);
export type Order = z.infer<typeof orderSchema>;

/** From a worker. */
const wordSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello') }),
  z.object({ type: z.literal('up'), url: z.string() }),
  z.object({
    type: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    remedy: z.string().optional(),
  }),
  z.object({
    type: z.literal('done'),
    id: z.number(),
    metrics: z.custom<MetricsJson>(Array.isArray).optional(),
  }),
]);
export type Word = z.infer<typeof wordSchema>;

/** Undefined for what is none of ours: libraries use the channel too. */
export function parseOrder(message: unknown): Order | undefined {
  return orderSchema.safeParse(message).data;
}

export function parseWord(message: unknown): Word | undefined {
  return wordSchema.safeParse(message).data;
}
