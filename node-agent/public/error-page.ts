// What a reader sees when there is no sandbox behind the address they have.
import { escapeHtml, type Page } from '../../shared/http/page.ts';

export interface ErrorWords {
  readonly title: string;
  readonly text: string;
}

/** @param again where a new one is to be had; none when that would not help */
export function errorPage({ title, text }: ErrorWords, again: string | undefined): Page {
  const button =
    again === undefined ? '' : `<p><a class="button" href="${escapeHtml(again)}">Open a new notebook</a></p>`;
  return { title, body: `<h1>${title}</h1><p>${text}</p>${button}` };
}
