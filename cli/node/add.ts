// `tmpfleet node add`: asks the front to add a node, and prints the findings of its check.
import { addedNodeSchema, type NodeFinding } from '../../shared/api/finding.ts';
import { address } from '../../shared/config/option.ts';
import { FleetError } from '../../shared/errors.ts';
import { ControlRefusal } from '../control/client.ts';
import type { Given } from '../control/verb.ts';
import { printable } from '../terminal/text.ts';
import { stateOf } from './table.ts';

/** The front asks the node, which may be slow to answer, before it answers us. ms */
const TIMEOUT_MS = 60_000;

export async function addNode({ client, args: [url = ''], flags, print }: Given): Promise<void> {
  const parsed = address().schema.safeParse(url);
  if (!parsed.success) {
    throw new FleetError('bad-config', `node add: ${JSON.stringify(url)} is not an address`, {
      remedy: 'give the one that readers are sent to, such as https://node7.example.org',
    });
  }
  const body = {
    url: parsed.data,
    ...(flags.id === undefined ? {} : { id: flags.id }),
    ...(flags.probe === false ? { probe: false } : {}),
  };
  try {
    const node = await client.send({
      ...{ method: 'POST', path: '/api/nodes', body, schema: addedNodeSchema, timeout: TIMEOUT_MS },
    });
    print(node, () =>
      [
        ...(node.findings ?? []).map(describeFinding),
        `${printable(node.id)} was added, at ${printable(node.url)} (${stateOf(node)})`,
      ].join('\n'),
    );
  } catch (error) {
    if (error instanceof ControlRefusal)
      for (const finding of error.findings) process.stderr.write(`${describeFinding(finding)}\n`);
    throw error;
  }
}

function describeFinding({ check, ok, warning, detail }: NodeFinding): string {
  return printable(
    `${ok ? (warning === true ? 'warn' : 'ok  ') : 'FAIL'}  ${check}${detail === '' ? '' : `: ${detail}`}`,
  );
}
