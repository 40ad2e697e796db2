// What the local engine runs: what was asked for, else Jupyter where it is installed, else the scratchpad.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { JUPYTER_COMMAND } from '../command.ts';
import { scratchpadCommand } from '../scratchpad/command.ts';

export interface LocalCommand {
  /** With placeholders. */
  readonly template: string;
  /** What readers and operators see. */
  readonly describes: string;
}

const run = promisify(execFile);
const VERSION_MS = 20_000;

export async function chooseCommand(
  configured: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LocalCommand> {
  if (configured !== '') return { template: configured, describes: configured };
  if (await hasJupyter(env)) return { template: jupyterCommand(), describes: 'jupyter notebook' };
  return { template: scratchpadCommand(), describes: 'scratchpad (JavaScript)' };
}

/** Jupyter refuses to run as root unless it is asked to. This engine isolates nothing for any user. */
function jupyterCommand(): string {
  return process.getuid?.() === 0 ? `${JUPYTER_COMMAND} --allow-root` : JUPYTER_COMMAND;
}

async function hasJupyter(env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  try {
    await run('jupyter', ['notebook', '--version'], { timeout: VERSION_MS, env: { PATH: env.PATH } });
    return true;
  } catch {
    // Not installed, or installed and broken: either way of no use. `open` says what is run instead.
    return false;
  }
}
