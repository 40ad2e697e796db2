// A command beside a local sandbox: a process in its directory, with its environment, as the same user.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { describeError, FleetError } from '../../../shared/errors.ts';
import { type Execution, framesOf } from '../execution.ts';
import { type GroupLeader, killGroup, startTime } from './processes.ts';

/** ms between SIGTERM and SIGKILL. */
const GRACE_MS = 1_000;

export interface LocalExecutionOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Commands that run, by sandbox: they end with it. */
export class LocalExecutions {
  readonly #running = new Map<string, Set<Execution>>();

  /** @throws FleetError `bad-request` for a program that cannot be run */
  async begin(id: string, options: LocalExecutionOptions): Promise<Execution> {
    const execution = await executeLocally(options);
    const all = this.#running.get(id) ?? new Set();
    this.#running.set(id, all.add(execution));
    execution.output.once('close', () => {
      all.delete(execution);
      if (all.size === 0) this.#running.delete(id);
    });
    return execution;
  }

  /** Ends all of a sandbox. */
  async end(id: string): Promise<void> {
    await Promise.all([...(this.#running.get(id) ?? [])].map((execution) => execution.end()));
  }
}

async function executeLocally(options: LocalExecutionOptions): Promise<Execution> {
  const [program = '', ...rest] = options.command;
  const child = spawn(program, rest, {
    cwd: options.home,
    env: options.env,
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | undefined>((settle) => {
    child.once('close', (code, signal) => settle(code ?? (signal === null ? undefined : codeOf(signal))));
  });
  const { stdin, stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError('a process without output');
  // At once: Node throws away what a process printed when it ends before anyone reads.
  const output = framesOf(stdout, stderr);
  try {
    await once(child, 'spawn');
  } catch (cause) {
    output.destroy();
    throw new FleetError('bad-request', `the command cannot be run: ${describeError(cause)}`, { cause });
  }
  child.on('error', () => undefined);
  const leader = await identify(child);
  stdin?.on('error', () => undefined);
  return {
    input: stdin ?? undefined,
    output,
    exitCode: () => ended,
    end: async () => {
      stdin?.destroy();
      if (leader !== undefined) await killGroup(leader, GRACE_MS);
      // Its pipes may be held by a process of another group.
      stdout.destroy();
      stderr.destroy();
      output.destroy();
    },
  };
}

/** Undefined for one that has ended already. */
async function identify({ pid }: ChildProcess): Promise<GroupLeader | undefined> {
  const startedAt = pid === undefined ? undefined : await startTime(pid);
  return pid === undefined || startedAt === undefined ? undefined : { pid, startedAt };
}

/** As shells have it. */
function codeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
