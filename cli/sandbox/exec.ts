// `tmpfleet sandbox exec`: runs a command in a sandbox, as its user, and passes on its input, its output and its exit code.
import { once } from 'node:events';
import { PassThrough, type Writable } from 'node:stream';
import {
  type ExecEnd,
  type ExecRequest,
  execEndSchema,
  FRAME,
  FrameReader,
  MAX_FRAME_BYTES,
} from '../../shared/protocol/exec.ts';
import { parseJson } from '../../shared/protocol/wire.ts';
import type { Given } from '../control/verb.ts';
import { CommandError, EXIT, reportFailure } from '../terminal/exit.ts';
import { printable } from '../terminal/text.ts';

export const EXEC_HELP = `
The command runs as the user of the sandbox, in its directory and with its environment; no shell looks at it:
  tmpfleet sandbox exec 3fa91c02 -- ls -l
  tmpfleet sandbox exec 3fa91c02 -- sh -c 'ps aux | sort -nrk 4 | head'
  tmpfleet sandbox exec -i 3fa91c02 -- sh -c 'cat >data.csv' <data.csv
It is in the audit trail of the node (tmpfleet pool audit). Without a control token, only root and the user of the node-agent may
do this. Ctrl-C ends the command. A reader who gets the sandbox later finds what was changed in it: end it with sandbox rm.
Exit code: that of the command; 125 if it could not be run, and standard error says why.`;

/** As that of docker exec, which no command of a user is likely to have. */
const NOT_RUN = 125;
/** Of each stream, with --json. Characters */
const MAX_JSON = 1024 * 1024;

/** @param find looks up the whole id that was meant @returns the exit code */
export async function runInSandbox(given: Given, find: () => Promise<string>): Promise<number> {
  try {
    return await run(given, await find());
  } catch (error) {
    reportFailure(error);
    return NOT_RUN;
  } finally {
    // It would keep this process alive.
    process.stdin.destroy();
  }
}

async function run({ client, args, flags, print }: Given, id: string): Promise<number> {
  const [, ...command] = args;
  const stdin = flags.stdin === true;
  const body = new PassThrough();
  body.write(`${JSON.stringify({ command, stdin } satisfies ExecRequest)}\n`);
  if (stdin) process.stdin.pipe(body);
  else body.end();
  const { body: answer } = await client.stream(`/api/sandboxes/${id}/exec`, body);
  const out = flags.json === true ? new Kept() : undefined;
  const reader = new FrameReader(MAX_FRAME_BYTES);
  let end: ExecEnd | undefined;
  try {
    for await (const chunk of answer) {
      for (const { kind, content } of reader.add(chunk)) {
        if (kind === FRAME.end)
          end = parseJson(content.toString('utf8'), execEndSchema, 'the end of the answer');
        else if (out !== undefined) out.add(kind === FRAME.stderr ? 'stderr' : 'stdout', content);
        else await write(kind === FRAME.stderr ? process.stderr : process.stdout, content);
      }
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    if (end === undefined) throw broken(cause);
  }
  if (end === undefined) throw broken(undefined);
  const { exit_code: code, problem } = end;
  if (out !== undefined) print({ exit_code: code, ...out.shown() }, () => '');
  if (code !== null) return code;
  throw new CommandError(
    EXIT.failed,
    'sandbox-gone',
    `the command ended, and its exit code is not known${problem === undefined ? '' : `: ${printable(problem)}`}`,
    { remedy: 'did its sandbox end? tmpfleet sandbox ls' },
  );
}

function broken(cause: unknown): CommandError {
  return new CommandError(
    EXIT.failed,
    'unavailable',
    'the connection to the node broke before the command ended',
    {
      cause,
    },
  );
}

/** Waits where the reader of our output is slow: so does the command. */
async function write(to: Writable, content: Buffer): Promise<void> {
  if (!to.write(content)) await once(to, 'drain');
}

/** The beginning of each stream. */
class Kept {
  readonly #text = { stdout: '', stderr: '' };
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #isCut = false;

  add(stream: 'stdout' | 'stderr', content: Buffer): void {
    const text = this.#text[stream] + this.#decoders[stream].decode(content, { stream: true });
    if (text.length > MAX_JSON) this.#isCut = true;
    this.#text[stream] = text.slice(0, MAX_JSON);
  }

  shown() {
    return { ...this.#text, truncated: this.#isCut };
  }
}
