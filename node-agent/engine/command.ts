// The command a sandbox runs, with tmpnb's placeholders.
import { createHash } from 'node:crypto';

export interface Placeholders {
  /** `user/<id>`, without a slash at either end: servers accept both `{base_path}` and `/{base_path}`. */
  readonly base_path: string;
  readonly port: string;
  /** The address to listen on. */
  readonly ip: string;
  readonly token: string;
}

/** An image may have Notebook 7, which brings JupyterLab, or Notebook 6, or JupyterLab alone. */
const NOTEBOOK_OR_LAB =
  '$( { command -v jupyter-notebook || ! command -v jupyter-lab; } >/dev/null && echo notebook || echo lab)';

/**
 * Fits Jupyter Notebook 6 (NotebookApp) and 7 and Lab (ServerApp); each ignores the other's name. The token is not among
 * the arguments, which every user of the host can read, but in the environment.
 */
export const JUPYTER_COMMAND = [
  `exec jupyter ${NOTEBOOK_OR_LAB} --no-browser --ip={ip} --port={port} --port-retries=0`,
  ...['NotebookApp', 'ServerApp'].map(
    (app) => `--${app}.base_url=/{base_path}/ --${app}.allow_remote_access=True`,
  ),
].join(' ');

/** Base path of the sandbox with this id in the node's URL space; no trailing slash. */
export function basePath(id: string): string {
  return `/user/${id}`;
}

export function fillPlaceholders(template: string, values: Placeholders): string {
  return template.replace(/\{(base_path|port|ip|token)\}/g, (_, name: keyof Placeholders) => values[name]);
}

/** The secret of a sandbox as environment variables, under the names that Jupyter reads. */
export function secretEnvironment(token: string): Readonly<Record<string, string>> {
  return { JUPYTER_TOKEN: token };
}

/** Words that are not a program, or must not follow `exec`: assignments, reserved words, builtins. */
const NOT_A_PROGRAM =
  /^\s*(?:[A-Za-z_]\w*=|[!{.:]\s|(?:alias|case|cd|eval|exec|export|for|if|read|set|trap|ulimit|umask|unset|until|while)\b)/;
const QUOTED = /'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]/g;

/**
 * The script for `/bin/sh -c` that runs a command line as a shell would. A simple command replaces the shell, so that
 * it receives signals and its exit code is seen; the shell stays for anything else (`A=1 x`, `cd x && y`, `a; b`).
 */
export function shellScript(command: string): string {
  const isSimple = !/[;&|<>()\n`#]/.test(command.replace(QUOTED, "''")) && !NOT_A_PROGRAM.test(command);
  return isSimple ? `exec ${command}` : command;
}

/** A short digest that identifies what sandboxes are made from. */
export function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
