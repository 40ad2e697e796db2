// The command a sandbox runs, with tmpnb's placeholders.

export interface Placeholders {
  /** `user/<id>`, without slashes at its ends: both `{base_path}` and `/{base_path}` are what a server takes. */
  readonly base_path: string;
  readonly port: string;
  /** The address to listen on. */
  readonly ip: string;
  readonly token: string;
}

/** Fits Jupyter Notebook 6 (NotebookApp) and 7 and Lab (ServerApp); each ignores the other's name. */
export const JUPYTER_COMMAND = [
  'jupyter notebook --no-browser --ip={ip} --port={port} --port-retries=0',
  ...['NotebookApp', 'ServerApp'].map(
    (app) => `--${app}.base_url=/{base_path}/ --${app}.token={token} --${app}.allow_remote_access=True`,
  ),
].join(' ');

/** Where a sandbox with this id lives in the node's URL space; no trailing slash. */
export function basePath(id: string): string {
  return `/user/${id}`;
}

export function fillPlaceholders(template: string, values: Placeholders): string {
  return template.replace(/\{(base_path|port|ip|token)\}/g, (_, name: keyof Placeholders) => values[name]);
}

export function usesToken(template: string): boolean {
  return template.includes('{token}');
}
