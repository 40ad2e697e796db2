// `tmpfleet node add`: has the front take a node, and tells what the front found there.
import { addedSchema, type Finding } from '../control/answers.ts';
import { Refusal } from '../control/client.ts';
import type { Given } from '../control/verb.ts';
import { printable } from '../terminal/text.ts';
import { stateOf } from './table.ts';

/** The front asks the node, which may be slow to answer, before it answers us. ms */
const PATIENCE_MS = 60_000;

export async function addNode({ client, args: [url = ''], flags, print }: Given): Promise<void> {
  const body = {
    url,
    ...(flags.id === undefined ? {} : { id: flags.id }),
    ...(flags.probe === false ? { probe: false } : {}),
  };
  try {
    const node = await client.ask({
      ...{ method: 'POST', path: '/api/nodes', body, schema: addedSchema, patience: PATIENCE_MS },
    });
    print(node, () =>
      [
        ...(node.findings ?? []).map(describeFinding),
        `${printable(node.id)} is on the list, at ${printable(node.url)} (${stateOf(node)})`,
      ].join('\n'),
    );
  } catch (error) {
    if (error instanceof Refusal)
      for (const finding of error.findings) process.stderr.write(`${describeFinding(finding)}\n`);
    throw error;
  }
}

function describeFinding({ check, ok, detail }: Finding): string {
  return printable(`${ok ? 'ok  ' : 'FAIL'}  ${check}${detail === '' ? '' : `: ${detail}`}`);
}
