// The command a sandbox runs, with tmpnb's placeholders.
import { createHash } from 'node:crypto';

export interface Placeholders {
  /** `user/<id>`, without slashes at its ends: both `{base_path}` and `/{base_path}` are what a server takes. */
  readonly base_path: string;
  readonly port: string;
  /** The address to listen on. */
  readonly ip: string;
  readonly token: string;
}

/**
 * Fits Jupyter Notebook 6 (NotebookApp) and 7 and Lab (ServerApp); each ignores the other's name. The token is not among
 * the arguments, which every user of the host can read, but in the environment.
 */
export const JUPYTER_COMMAND = [
  'jupyter notebook --no-browser --ip={ip} --port={port} --port-retries=0',
  ...['NotebookApp', 'ServerApp'].map(
    (app) => `--${app}.base_url=/{base_path}/ --${app}.allow_remote_access=True`,
  ),
].join(' ');

/** Where a sandbox with this id lives in the node's URL space; no trailing slash. */
export function basePath(id: string): string {
  return `/user/${id}`;
}

export function fillPlaceholders(template: string, values: Placeholders): string {
  return template.replace(/\{(base_path|port|ip|token)\}/g, (_, name: keyof Placeholders) => values[name]);
}

/** Environment of a sandbox that holds its token, by the name that Jupyter looks for. */
export function secretEnvironment(token: string): Readonly<Record<string, string>> {
  return { JUPYTER_TOKEN: token };
}

/** What is no program, or must not stand behind `exec`: assignments, reserved words, builtins. */
const NOT_A_PROGRAM =
  /^\s*(?:[A-Za-z_]\w*=|[!{.:]\s|(?:alias|case|cd|eval|exec|export|for|if|read|set|trap|ulimit|umask|unset|until|while)\b)/;
const QUOTED = /'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]/g;

/**
 * The script for `/bin/sh -c` that runs a command line as a shell would. A simple command replaces the shell, so that
 * signals and exit codes are its own; of anything else (`A=1 x`, `cd x && y`, `a; b`) the shell takes care.
 */
export function shellScript(command: string): string {
  const isSimple = !/[;&|<>()\n`#]/.test(command.replace(QUOTED, "''")) && !NOT_A_PROGRAM.test(command);
  return isSimple ? `exec ${command}` : command;
}

/** A short identity of what sandboxes are made by. */
export function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
