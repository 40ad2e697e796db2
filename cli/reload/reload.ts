// `tmpfleet reload`: has a redirector or a node-agent that runs read its configuration again.
import type { Command } from 'commander';
import { type ReloadedJson, reloadedSchema } from '../../shared/api/reload.ts';
import { controlVerb, type Given } from '../control/verb.ts';

export function addReloadCommand(group: Command): void {
  controlVerb(group.command('front').description('of the redirector (asks the front)'), 'front', reload);
  controlVerb(group.command('node').description('of a node-agent (asks the node)'), 'node', reload);
}

async function reload({ client, print }: Given): Promise<void> {
  const reloaded = await client.send({ method: 'POST', path: '/api/reload', schema: reloadedSchema });
  print(reloaded, () => describe(reloaded));
}

function describe({ applied, need_restart: waiting }: ReloadedJson): string {
  const lines = [
    applied.length === 0 ? '' : `applied: ${applied.join(', ')}`,
    waiting.length === 0 ? '' : `changed, but applied only after a restart: ${waiting.join(', ')}`,
  ].filter((line) => line !== '');
  return lines.length === 0 ? 'nothing has changed' : lines.join('\n');
}
