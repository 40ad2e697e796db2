// Starts the shell of a local sandbox, which waits for a line from the agent before it becomes the command. If the agent
// dies first, the line never comes and the shell ends, so that no process exists without a record.
import { type ChildProcess, spawn } from 'node:child_process';
import { shellScript } from '../command.ts';

export interface LocalProcess {
  /** The configured command, with its placeholders filled in. */
  readonly command: string;
  /** Its working directory. */
  readonly home: string;
  /** Descriptor of the file that receives its output. */
  readonly output: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Reads the line, then becomes a shell that runs the script in its first argument. */
const WAIT_FOR_GO = 'read -r go && [ "$go" = go ] || exit 1; exec /bin/sh -c "$0" </dev/null';

export function spawnWaiting({ command, home, output, env }: LocalProcess): ChildProcess {
  const child = spawn('/bin/sh', ['-c', WAIT_FOR_GO, shellScript(command)], {
    cwd: home,
    env,
    // A session of its own, so that signals from the agent's terminal do not reach it.
    detached: true,
    stdio: ['pipe', output, output],
  });
  child.unref();
  return child;
}

export function letGo(child: ChildProcess): void {
  child.stdin?.end('go\n');
}
