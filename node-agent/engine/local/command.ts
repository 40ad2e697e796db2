// Chooses what the local engine runs: the configured command, else Jupyter where it is installed, else the scratchpad.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { JUPYTER_COMMAND } from '../command.ts';
import { SCRATCHPAD, scratchpadCommand } from '../scratchpad/command.ts';

export interface LocalCommand {
  /** With its placeholders. */
  readonly template: string;
  /** Its name for readers and operators. */
  readonly describes: string;
}

const run = promisify(execFile);
const VERSION_MS = 20_000;

export async function chooseCommand(
  configured: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LocalCommand> {
  if (configured === SCRATCHPAD) return builtIn();
  if (configured !== '') return { template: configured, describes: configured };
  for (const app of ['notebook', 'lab'])
    if (await hasJupyter(app, env)) return { template: jupyterCommand(), describes: `jupyter ${app}` };
  return builtIn();
}

function builtIn(): LocalCommand {
  return { template: scratchpadCommand(), describes: 'scratchpad (JavaScript)' };
}

/** Jupyter refuses to run as root without this flag. This engine isolates nothing for any user. */
function jupyterCommand(): string {
  return process.getuid?.() === 0 ? `${JUPYTER_COMMAND} --allow-root` : JUPYTER_COMMAND;
}

async function hasJupyter(app: string, env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  try {
    await run('jupyter', [app, '--version'], { timeout: VERSION_MS, env: { PATH: env.PATH } });
    return true;
  } catch {
    // Not installed, or installed and broken: both are unusable. `open` logs what runs instead.
    return false;
  }
}
