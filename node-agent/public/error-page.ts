// What a reader sees at an address that has no sandbox behind it.
import { escapeHtml, type Page } from '../../shared/http/page.ts';

export interface ErrorWords {
  readonly title: string;
  readonly text: string;
}

/** @param again the address that opens a new one; undefined when that would not help */
export function errorPage({ title, text }: ErrorWords, again: string | undefined): Page {
  const button =
    again === undefined ? '' : `<p><a class="button" href="${escapeHtml(again)}">Open a new notebook</a></p>`;
  return { title, body: `<h1>${title}</h1><p>${text}</p>${button}` };
}

/** @param home the address that opens a new notebook */
export function nothingHerePage(home: string): Page {
  const words = { title: 'There is nothing here', text: 'No notebook has this address.' };
  return errorPage(words, home);
}
