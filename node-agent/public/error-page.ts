// What a reader sees at an address that has no sandbox behind it.
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { SMALL_FRAMES } from '../../shared/pages/launch-page.ts';
import { splitTicket } from '../../shared/protocol/ticket.ts';
import type { Words } from '../../shared/words/catalogue.ts';
import type { Notice } from '../../shared/words/unavailable.ts';

export interface ErrorPageOptions {
  readonly notice: (words: Words) => Notice;
  /** The address that opens a new notebook; undefined when that would not help. */
  readonly again: string | undefined;
  /** The page is in a frame, and opens the new notebook in a tab: the frame's cookies may be blocked. */
  readonly inTab?: boolean;
  /** Of the button. */
  readonly label?: (words: Words) => string;
}

/** The fragment is not part of a request: without this it would be lost. */
const KEEP_FRAGMENT = "document.querySelector('a.button').hash = location.hash;";

export function errorPage({ notice, again, inTab = false, label }: ErrorPageOptions): PageMaker {
  return ({ words }) => {
    const { title, text } = notice(words);
    const says = `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`;
    if (again === undefined) return { title, body: says };
    const attributes = inTab ? ` target="_blank" rel="noopener"` : '';
    const button = `<a class="button" href="${escapeHtml(again)}"${attributes}>${escapeHtml(label?.(words) ?? words.notebook.openNew)}</a>`;
    return { title, head: SMALL_FRAMES, body: `${says}<div>${button}</div>`, script: KEEP_FRAGMENT };
  };
}

/** @param home the address that opens a new notebook */
export function nothingHerePage(home: string): PageMaker {
  return errorPage({ notice: (words) => words.notebook.nothingHere, again: home });
}

/** In a frame whose browser keeps no cookie of ours. @param again opens the same place, in a tab */
export function noCookiesPage(again: string): PageMaker {
  return errorPage({
    notice: (words) => words.notebook.noCookies,
    again,
    inTab: true,
    label: (words) => words.notebook.openInTab,
  });
}

/** The same place in a new sandbox, with the query, but without a claim or a ticket. */
export function newNotebookAddress(url: string): string {
  const { path, query } = splitRequestTarget(url);
  const kept = splitTicket(query)
    .query.split('&')
    .filter((part) => !part.startsWith('token='))
    .join('&');
  return `${path.replace(/^\/+user\/+[^/]*|^\/\.tmpfleet\/open\/[^/]*/, '/spawn')}${kept === '' ? '' : `?${kept}`}`;
}
