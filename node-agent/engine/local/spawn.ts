// Starts the shell of a local sandbox, which waits for a word from us before it becomes the command. Should the agent die
// first, the word never comes, the shell ends, and no process is left that no record knows.
import { type ChildProcess, spawn } from 'node:child_process';
import { shellScript } from '../command.ts';

export interface LocalProcess {
  /** As it is configured, with its placeholders filled in. */
  readonly command: string;
  /** Its working directory. */
  readonly home: string;
  /** The descriptor of the file that takes its output. */
  readonly output: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Reads the word, then becomes a shell that runs the script it was given as its first argument. */
const WAIT_FOR_GO = 'read -r go && [ "$go" = go ] || exit 1; exec /bin/sh -c "$0" </dev/null';

export function spawnWaiting({ command, home, output, env }: LocalProcess): ChildProcess {
  const child = spawn('/bin/sh', ['-c', WAIT_FOR_GO, shellScript(command)], {
    cwd: home,
    env,
    // A session of its own, as signals for the agent's terminal are not for it.
    detached: true,
    stdio: ['pipe', output, output],
  });
  child.unref();
  return child;
}

export function letGo(child: ChildProcess): void {
  child.stdin?.end('go\n');
}
