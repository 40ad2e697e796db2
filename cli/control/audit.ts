// The audit trail of a front or a node, as a table: `tmpfleet audit`, `tmpfleet pool audit`.
import type { Command } from 'commander';
import { type AuditEntry, auditSchema } from '../../shared/api/registry.ts';
import { integer } from '../../shared/config/option.ts';
import { type Column, tableLines } from '../terminal/text.ts';
import type { Who } from './client.ts';
import { controlVerb, read } from './verb.ts';

const MOST_ENTRIES = 1_000;

export function auditVerb(command: Command, who: Who): void {
  controlVerb(command, who, async ({ client, flags, print }) => {
    const path = `/api/audit${flags.limit === undefined ? '' : `?limit=${flags.limit}`}`;
    const entries = await client.send({ path, schema: auditSchema });
    print(entries, () => (entries.length === 0 ? 'no orders yet' : tableLines(COLUMNS, entries).join('\n')));
  }).option(
    '--limit <n>',
    `number of entries (default: 100; at most ${MOST_ENTRIES})`,
    read(integer(1, MOST_ENTRIES)),
  );
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { head: 'WHEN', cell: ({ at }) => at.slice(0, 19).concat('Z') },
  { head: 'AT', cell: ({ redirector, node }) => redirector ?? node ?? '' },
  { head: 'WHO', cell: ({ actor, address }) => (actor === '' ? address : `${actor} (${address})`) },
  { head: 'WHAT', cell: ({ what }) => what },
  { head: 'WITH', cell: ({ body }) => (body === null ? '' : JSON.stringify(body)) },
  {
    head: 'RESULT',
    cell: ({ status, message }) => (message === undefined ? `${status}` : `${status}: ${message}`),
  },
];
