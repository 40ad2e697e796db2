// How the lab runs programs and waits: a clear error with the program's own message, and never a bare sleep.
import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface RunOptions {
  /** ms; default 60 s. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const MAX_OUTPUT = 64 * 1024 ** 2;

/** Standard output. @throws Error with the last lines of the program's output */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { timeout = 60_000, env = {} } = options;
  return new Promise((resolve, reject) => {
    const settings = { timeout, maxBuffer: MAX_OUTPUT, env: { ...process.env, ...env } };
    execFile(program, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${summary(program, args)}: ${lastLines(stderr) || error.message}`));
    });
  });
}

/** One line: a script among the arguments is left out. */
function summary(program: string, args: readonly string[]): string {
  const words = args.map((word) => (word.includes('\n') ? '…' : word));
  return words.length > 6 ? `${program} … ${words.slice(-5).join(' ')}` : [program, ...words].join(' ');
}

/** The same at process exit, where nothing can be awaited: undefined when it failed. */
export function tryRunSync(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });
  } catch {
    return undefined;
  }
}

/** Whether the program is on the PATH. */
export function has(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Asks again until the answer is neither undefined nor an error. @throws Error after the deadline (ms) */
export async function waitFor<T>(
  what: string,
  deadline: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const end = performance.now() + deadline;
  let last = '';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = `: ${messageOf(error)}`;
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${deadline / 1000} s${last}`);
    await delay(25);
  }
}

/** Reports a step of the lab that takes long. */
export function progress(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function lastLines(text: string, count = 5): string {
  return text.trim().split('\n').slice(-count).join('\n');
}
