// What control listeners answer, as far as the command reads it. Fields that it does not know are kept for --json.
import { z } from 'zod';
import { errorSchema } from '../../shared/api/error.ts';
import { NODE_STATES } from '../../shared/protocol/node-state.ts';
import { nodeStatsSchema, sandboxSchema } from '../../shared/protocol/wire.ts';

const count = z.number().nullable().default(null);

/** One of `GET /api/nodes`. */
export const nodeSchema = z.looseObject({
  id: z.string(),
  url: z.string(),
  answers: z.enum(['unknown', 'reachable', 'unreachable']),
  since: z.string(),
  state: z.enum(NODE_STATES).nullable(),
  reason: z.string().nullable(),
  available: z.number(),
  capacity: z.number(),
  held: count,
  warm: count,
  starting: count,
  removing: count,
  paused: z.boolean().nullable().default(null),
  drain_deadline: z.string().nullable().default(null),
  drain_forced: z.boolean().nullable().default(null),
  report_age_seconds: count,
});
export type NodeRow = z.infer<typeof nodeSchema>;

/** Of a front that looked a new node over before it took it. */
const findingSchema = z.looseObject({ check: z.string(), ok: z.boolean(), detail: z.string().default('') });
export type Finding = z.infer<typeof findingSchema>;
export const addedSchema = nodeSchema.extend({ findings: z.array(findingSchema).optional() });

/** What an error's body may say. */
export const refusalSchema = errorSchema.extend({
  findings: z.array(findingSchema).optional(),
});

const size = z.union([z.number(), z.literal('all')]);

/** `GET /api/status` of a node. */
export const statusSchema = nodeStatsSchema.loose().extend({
  fleet: z.looseObject(nodeStatsSchema.shape.fleet.unwrap().shape),
  pool: z.looseObject({
    capacity: z.number(),
    warm: size,
    paused: z.boolean(),
    configured: z.looseObject({ capacity: z.number(), warm: size }),
    warm_target: z.number(),
    warm_wanted: z.number(),
    stale: z.number(),
  }),
});
export type NodeStatus = z.infer<typeof statusSchema>;

/** One of `GET /api/sandboxes`. */
export const sandboxRowSchema = sandboxSchema.loose();
export type SandboxRow = z.infer<typeof sandboxRowSchema>;

/** `GET /api/registry`. */
export const registrySchema = z.looseObject({
  kind: z.string(),
  where: z.string(),
  state: z.enum(['current', 'unreachable', 'lost']),
  since: z.string(),
  why: z.string().nullable(),
  nodes: z.number(),
});
export type RegistryStatus = z.infer<typeof registrySchema>;

const orderedSchema = z.looseObject({
  at: z.string(),
  redirector: z.string(),
  actor: z.string(),
  address: z.string(),
  what: z.string(),
  body: z.unknown().default(null),
  status: z.number(),
  message: z.string().optional(),
});
export type Ordered = z.infer<typeof orderedSchema>;
/** `GET /api/audit`, newest first. */
export const auditSchema = z.array(orderedSchema);
