// `tmpfleet node drain`: a cordon with a deadline, and waiting for it.

import { type NodeJson, nodeSchema } from '../../shared/api/node.ts';
import { spellDuration } from '../../shared/config/units.ts';
import type { Given } from '../control/verb.ts';
import { CommandError, EXIT } from '../terminal/exit.ts';
import { printable } from '../terminal/text.ts';
import { type Progress, waitFor } from '../terminal/wait.ts';
import { forNode } from './ask.ts';
import { countReaders, standing } from './table.ts';

export async function drainNode({ client, args: [id = ''], flags, print }: Given): Promise<void> {
  const deadline = flags.now === true ? 0 : flags.deadline;
  const body = {
    force: flags.force === true,
    ...(typeof deadline === 'number' ? { deadline: `${deadline}ms` } : {}),
  };
  let node = await forNode(client, id, (path) =>
    client.send({ method: 'POST', path: `${path}/drain`, body, schema: nodeSchema }),
  );
  if (flags.wait === true) {
    node = await waitFor({
      look: () =>
        forNode(client, id, (path) => client.send({ path, schema: nodeSchema })).catch(removedMeanwhile(id)),
      judge: (seen) => judge(seen, Date.now()),
      timeout: typeof flags.timeout === 'number' ? flags.timeout : undefined,
    });
  }
  print(node, () => standing(node, Date.now()));
}

function judge(node: NodeJson, now: number): Progress {
  const id = printable(node.id);
  // A node that does not answer may still be draining: it keeps its state over a restart.
  if (node.reachability === 'unreachable')
    return { text: `${id} does not answer just now: ${printable(node.unreachable_reason ?? '')}` };
  if (node.state === 'drained') return { text: `${id}: no readers are left`, done: true };
  if (node.state !== 'draining') {
    const text = `${id} is ${node.state ?? 'ready'}`;
    return { text, otherwise: `${text}: the drain was called off` };
  }
  const text = `${id}: ${countReaders(node)} left`;
  const left = node.drain_deadline_at === null ? undefined : Date.parse(node.drain_deadline_at) - now;
  if (left === undefined) return { text };
  return { text, countdown: left <= 0 ? 'the deadline is over' : `${spellDuration(left)} to the deadline` };
}

function removedMeanwhile(id: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof CommandError) || error.code !== 'not-found') throw error;
    throw new CommandError(EXIT.otherwise, 'conflict', `${id} was removed before it was drained`);
  };
}
