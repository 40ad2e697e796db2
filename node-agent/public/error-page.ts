// What a reader sees at an address that has no sandbox behind it.
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import type { NotebookWords } from '../../shared/words/notebook.ts';
import type { Notice } from '../../shared/words/unavailable.ts';

export interface ErrorPageOptions {
  readonly notice: (words: NotebookWords) => Notice;
  /** The address that opens a new notebook; undefined when that would not help. */
  readonly again: string | undefined;
  /** The page is in a frame, and opens the new notebook in a tab: the frame's cookies may be blocked. */
  readonly inTab?: boolean;
}

export function errorPage({ notice, again, inTab = false }: ErrorPageOptions): PageMaker {
  return ({ words: { notebook: words } }) => {
    const { title, text } = notice(words);
    const attributes = inTab ? ` target="_blank" rel="noopener"` : '';
    const button =
      again === undefined
        ? ''
        : `<p><a class="button" href="${escapeHtml(again)}"${attributes}>${escapeHtml(words.openNew)}</a></p>`;
    return { title, body: `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${button}` };
  };
}

/** @param home the address that opens a new notebook */
export function nothingHerePage(home: string): PageMaker {
  return errorPage({ notice: (words) => words.nothingHere, again: home });
}
