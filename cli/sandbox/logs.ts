// `tmpfleet sandbox logs`: the end of a sandbox's output, and with --follow what it prints from then on.
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { type SandboxOutputJson, sandboxOutputSchema } from '../../shared/api/sandbox.ts';
import { ControlRefusal } from '../control/client.ts';
import type { Given } from '../control/verb.ts';
import { SIGNS } from '../terminal/signs.ts';

/** Between two looks. ms */
const LOOK_MS = 1_000;

/** @param find looks up the whole id that was meant */
export async function printLogs({ client, flags, print }: Given, find: () => Promise<string>): Promise<void> {
  const id = await find();
  const look = (): Promise<SandboxOutputJson> =>
    client.send({ path: `/api/sandboxes/${id}/output`, schema: sandboxOutputSchema });
  let last = await look();
  if (flags.follow !== true || flags.json === true) {
    print(last, () => `${forTerminal(last.output).trimEnd()}${ending(last)}`);
    return;
  }
  process.stdout.write(forTerminal(last.output));
  while (last.running) {
    await delay(LOOK_MS);
    const next = await look().catch((error: unknown) => {
      if (error instanceof ControlRefusal && error.code === 'not-found') return undefined;
      throw error;
    });
    if (next === undefined) break;
    process.stdout.write(forTerminal(added(last.output, next.output)));
    last = next;
  }
  process.stdout.write(`${last.running ? '\nit was removed' : ending(last)}\n`);
}

/** What was printed since `before`. Both are the end of the whole output, so they overlap unless more came than is kept. */
export function added(before: string, after: string): string {
  for (let from = 0; from < before.length; from += 1) {
    if (after.startsWith(before.slice(from))) return after.slice(before.length - from);
  }
  return before === '' || after === '' ? after : `\n${SIGNS.more}\n${after}`;
}

/** Lines as they are, but nothing that could command the terminal. */
function forTerminal(output: string): string {
  return stripVTControlCharacters(output)
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]/gu, ' ');
}

function ending({ running, exit_code: code, out_of_memory: outOfMemory }: SandboxOutputJson): string {
  if (running) return '';
  if (outOfMemory) return '\nit ended: out of memory';
  return code === null ? '\nit was ended by a signal' : `\nit exited with code ${code}`;
}
