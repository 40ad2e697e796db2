// `tmpfleet registry …` and `tmpfleet audit`: the front's node registry and the audit trail of its orders.

import type { Command } from 'commander';
import {
  describeLostRegistry,
  type RegistryStatusJson,
  registryStatusSchema,
} from '../../shared/api/registry.ts';
import { spellCount } from '../../shared/config/units.ts';
import { FleetError } from '../../shared/errors.ts';
import { auditVerb } from '../control/audit.ts';
import { controlVerb, type Given } from '../control/verb.ts';
import { CommandError, EXIT } from '../terminal/exit.ts';
import { printable } from '../terminal/text.ts';

export function addRegistryCommand(group: Command): void {
  const verb = (name: string, help: string, run: (given: Given) => Promise<void>): Command =>
    controlVerb(group.command(name).description(help), 'front', run);
  verb('show', 'show the node registry; fails unless it can be reached and is current', show);
  const decide = (decision: 'accept' | 'restore', help: string): Command =>
    verb(decision, help, (given) => take(given, decision)).option(
      '--force',
      'confirm that the data of the other side may be lost',
    );
  decide('restore', 'write the nodes that this front knows to a registry that lost its data');
  decide('accept', 'use a registry that lost its data as it is now, even if it is empty');
}

export function addAuditCommand(command: Command): void {
  auditVerb(command, 'front');
}

/** @throws CommandError `refused` unless the registry is current */
async function show({ client, print }: Given): Promise<void> {
  const status = await client.send({ path: '/api/registry', schema: registryStatusSchema });
  print(status, () => describe(status));
  if (status.state === 'unreachable') {
    throw new CommandError(EXIT.refused, 'registry-unreachable', 'the front cannot reach its registry', {
      remedy: `see that it can be used: ${printable(status.where)}`,
    });
  }
  if (status.state === 'lost') {
    throw new CommandError(EXIT.refused, 'conflict', 'the registry looks emptied or rolled back', {
      remedy: 'decide: tmpfleet registry restore --force, or tmpfleet registry accept --force',
    });
  }
}

async function take({ client, flags, print }: Given, decision: 'accept' | 'restore'): Promise<void> {
  if (flags.force !== true) {
    throw new FleetError('bad-config', `registry ${decision} requires --force`, {
      remedy: 'run tmpfleet registry show first: the data of the other side will be lost',
    });
  }
  const status = await client.send({
    ...{
      method: 'POST',
      path: `/api/registry/${decision}`,
      body: { force: true },
      schema: registryStatusSchema,
    },
  });
  print(status, () => describe(status));
}

function describe({ kind, where, state, changed_at, reason, nodes }: RegistryStatusJson): string {
  const states: Readonly<Record<typeof state, string>> = {
    current: 'current',
    unreachable: 'UNREACHABLE: the front continues with the nodes last known; none can be added or removed',
    lost: `LOST: ${describeLostRegistry(nodes)}; none can be added or removed`,
  };
  const lines = [
    `${kind} ${printable(where)}, ${spellCount(nodes, 'node')} known`,
    `${states[state]} (since ${changed_at})`,
  ];
  if (reason !== null) lines.push(printable(reason));
  return lines.join('\n');
}
