// The findings of a front about a node, one per check.
import { z } from 'zod';
import { nodeSchema } from './node.ts';

export const NODE_CHECKS = ['reachable', 'report', 'new', 'secret', 'clock', 'image', 'front'] as const;
export type NodeCheck = (typeof NODE_CHECKS)[number];

export const nodeFindingSchema = z.object({
  check: z.enum(NODE_CHECKS),
  ok: z.boolean(),
  warning: z.literal(true).optional().describe('acceptable, but an operator should look at it'),
  detail: z.string(),
});
export type NodeFinding = z.infer<typeof nodeFindingSchema>;

/** `GET /api/nodes/{id}/probe` */
export const probeResultSchema = z.object({
  findings: z.array(nodeFindingSchema),
  remedy: z.string().nullable().describe('what to do about the check that failed'),
});

/** `POST /api/nodes`: the node that was added, with the findings unless it was added without checks. */
export const addedNodeSchema = nodeSchema.extend({ findings: z.array(nodeFindingSchema).optional() });
