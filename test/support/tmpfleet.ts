// Runs the built command as its user does: a process, its output, its exit code.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { lastLines } from '../lab/run.ts';
import { describeOnFailure, until } from './until.ts';

export const SCRIPT = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Of this process's environment; with the directory of compiled code, a command starts in three quarters of the time. */
const KEPT = Object.fromEntries(
  ['PATH', 'HOME', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

/** Lines of output that an error shows when an expected output did not come. */
const SHOWN_LINES = 20;

export interface Run {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Everything printed so far. */
  output(): string;
  /** Waits until the output matches and returns the match. */
  printed(pattern: RegExp, ms?: number): Promise<RegExpExecArray>;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** SIGTERM, and waits. */
  stop(): Promise<number | string>;
}

/** Flags of a front or a node on loopback, at ports that are free. */
export function freePlaces(dataDir: string): readonly string[] {
  const ports = ['--port', '0', '--control-port', '0'];
  return ['--host', '127.0.0.1', ...ports, '--data-dir', dataDir];
}

/** @param enter put before the command, to run it on another host of the lab */
export function tmpfleet(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  enter: readonly string[] = [],
): Run {
  const [program = '', ...rest] = [...enter, process.execPath, SCRIPT, ...args];
  const child = spawn(program, rest, {
    env: { ...KEPT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  let over = false;
  const endDescribing = describeOnFailure(
    () => `tmpfleet ${args.join(' ')} (pid ${child.pid}) printed last:\n${lastLines(output, SHOWN_LINES)}`,
  );
  void ended.then((how) => {
    over = true;
    // The output of a failed process helps to explain why a later wait failed.
    if (how === 0 || typeof how === 'string') endDescribing();
  });
  return {
    process: child,
    pid: child.pid ?? 0,
    output: () => output,
    printed: (pattern, ms) =>
      until(
        `it prints ${pattern}`,
        () => {
          const match = pattern.exec(output);
          if (match === null && over) throw new Error(`it ended without printing ${pattern}:\n${output}`);
          return match ?? undefined;
        },
        ms,
      ),
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
