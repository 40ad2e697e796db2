// Explains why a sandbox does not run: exit code, memory and last output, in one line that is safe to log and to show.
import { stripVTControlCharacters } from 'node:util';
import { shortId } from '../../shared/clock.ts';
import type { Stopped } from '../../shared/protocol/sandbox-state.ts';

/** The state of a sandbox as its engine reports it. */
export interface Diagnosis {
  readonly running: boolean;
  /** Undefined while it runs, when a signal ended it, and when the engine does not know the code. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, where the engine knows no exit code for that. */
  readonly signal?: string | undefined;
  /** Whether the kernel ended one of its processes because it ran out of memory. */
  readonly outOfMemory: boolean;
  /** The end of its stdout and stderr, unchanged; at most `OUTPUT_BYTES`. */
  readonly output: string;
  /** What else the engine knows of the cause. */
  readonly remark?: string;
}

/** Exit codes by which a shell and Docker say SIGKILL and SIGTERM. */
const KILLED = 137;
const TERMINATED = 143;

/** Why a sandbox with a reader stopped. @param diagnosis undefined when the engine does not have it any more */
export function stoppedAs(diagnosis: Diagnosis | undefined): Stopped {
  const { exitCode, signal, outOfMemory = false } = diagnosis ?? {};
  if (exitCode === 0) return 'quit';
  const isKilled = exitCode === KILLED || signal === 'SIGKILL';
  // Docker also says so where one process of several ran out of memory, and the sandbox ended later, for another reason.
  if (outOfMemory && isKilled) return 'out-of-memory';
  return isKilled || exitCode === TERMINATED || signal === 'SIGTERM' ? 'killed' : 'crashed';
}

/** How much of a sandbox's output an engine reads. Bytes */
export const OUTPUT_BYTES = 4_096;
const MAX_LINES = 3;
const MAX_CHARACTERS = 300;

/** The output without the sandbox's secrets, which servers like to print, and with its id cut short. */
export function withoutSecrets(
  output: string,
  { id, token }: { readonly id: string; readonly token: string },
): string {
  return output.replaceAll(token, '[token]').replaceAll(id, shortId(id));
}

/** For example `it exited with code 127; its last words: "sh: 1: VAR=x: not found"`; undefined when nothing is known. */
export function describeDiagnosis(diagnosis: Diagnosis): string | undefined {
  const { running, exitCode, outOfMemory, output, remark } = diagnosis;
  const ending = running ? undefined : describeEnding(exitCode, outOfMemory);
  const words = lastWords(output);
  const said = words === '' ? undefined : `its last words: ${JSON.stringify(words)}`;
  return [ending, said, remark].filter((part) => part !== undefined).join('; ') || undefined;
}

function describeEnding(exitCode: number | undefined, outOfMemory: boolean): string {
  if (outOfMemory) return 'it ran out of memory';
  if (exitCode === undefined) return 'it was ended by a signal';
  return `it exited with code ${exitCode}${exitCode === 127 ? ' (command not found)' : ''}`;
}

/** The last lines on one line, printable characters only. */
export function lastWords(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split(/[\r\n]+/)
    .map((line) => line.replace(/[\p{C}\s]+/gu, ' ').trim())
    .filter((line) => line !== '');
  const text = lines.slice(-MAX_LINES).join(' | ');
  return text.length > MAX_CHARACTERS ? `…${text.slice(-MAX_CHARACTERS)}` : text;
}
