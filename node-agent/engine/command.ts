// The command a sandbox runs, with tmpnb's placeholders.

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

/** What a server in a sandbox is told besides its arguments, by the name that Jupyter looks for. */
export function secretEnvironment(token: string): Readonly<Record<string, string>> {
  return { JUPYTER_TOKEN: token };
}
