// Which notebook an address of a Jupyter opens.

/** The views of Notebook 6 and 7 and of JupyterLab that open a notebook: what follows is its path below Jupyter's root. */
const VIEWS = /^\/?(?:notebooks|(?:lab|doc)(?:\/workspaces\/[^/]+)?\/tree|tree)\/(.+\.ipynb)$/;

/** @param path below the base path of the Jupyter, as in the address. @returns undefined where it opens no notebook */
export function notebookOf(path: string): string | undefined {
  const name = VIEWS.exec(path)?.[1];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
