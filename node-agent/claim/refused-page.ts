// The page for a reader whom this node does not serve.
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import type { NotebookWords } from '../../shared/words/notebook.ts';

export type ClaimRefusal = Exclude<keyof NotebookWords['refused'], 'title'>;

export function refusedPage(why: ClaimRefusal): PageMaker {
  return ({ words: { notebook } }) => {
    const { title } = notebook.refused;
    return { title, body: `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(notebook.refused[why])}</p>` };
  };
}
