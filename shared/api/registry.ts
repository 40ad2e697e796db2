// The registry of nodes as the front describes it, and the audit trail of front and node.

import { z } from 'zod';
import { spellCount } from '../config/units.ts';

/**
 * How the known nodes relate to the stored ones. `current`: they are the same. `unreachable`: the store does not answer.
 * `lost`: it answers, but what it has would remove nodes that no operator removed: it is gone, emptied, or an older state.
 * In the last two the fleet continues with the known nodes, and an operator decides.
 */
export const REGISTRY_STATES = ['current', 'unreachable', 'lost'] as const;

/** `GET /api/registry` */
export const registryStatusSchema = z.object({
  kind: z.enum(['file', 'redis']),
  where: z.string().describe('a path, or an address without its password'),
  state: z
    .enum(REGISTRY_STATES)
    .describe('unreachable and lost: the fleet continues with the nodes that the front knows'),
  changed_at: z.iso.datetime().describe('start of this state'),
  reason: z.string().nullable().describe('why it is not current'),
  nodes: z.number().int().describe('how many nodes the front knows'),
});
export type RegistryStatusJson = z.infer<typeof registryStatusSchema>;

/** What a front does while its registry is `lost`: one sentence for its log and for the command. */
export function describeLostRegistry(nodes: number): string {
  return `registry looks emptied or rolled back; ignoring it and continuing with the ${spellCount(nodes, 'node')} last known`;
}

export const auditEntrySchema = z.object({
  at: z.iso.datetime().describe('when it was done'),
  redirector: z.string().optional().describe('the front that did it'),
  node: z.string().optional().describe('the node that did it, in its own trail'),
  actor: z.string().describe('name that the caller gave (`Tmpfleet-Actor`); empty when it gave none'),
  address: z.string().describe('address of the caller'),
  what: z.string().describe('method and path'),
  body: z.unknown().describe('as it was sent'),
  status: z.number().int().describe('the HTTP status of the answer'),
  message: z.string().optional().describe('why it was refused'),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** `GET /api/audit`, newest first. */
export const auditSchema = z.array(auditEntrySchema);
