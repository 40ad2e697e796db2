// What a reader sees at an address that has no sandbox behind it.
import { escapeHtml, type Page } from '../../shared/http/page.ts';

export interface ErrorWords {
  readonly title: string;
  readonly text: string;
}

/**
 * @param again the address that opens a new one; undefined when that would not help
 * @param target where its page opens: a frame whose cookies are blocked could not use it
 */
export function errorPage(
  { title, text }: ErrorWords,
  again: string | undefined,
  target: '_self' | '_blank' = '_self',
): Page {
  const attributes = target === '_self' ? '' : ` target="${target}" rel="noopener"`;
  const button =
    again === undefined
      ? ''
      : `<p><a class="button" href="${escapeHtml(again)}"${attributes}>Open a new notebook</a></p>`;
  return { title, body: `<h1>${title}</h1><p>${text}</p>${button}` };
}

/** @param home the address that opens a new notebook */
export function nothingHerePage(home: string): Page {
  const words = { title: 'There is nothing here', text: 'No notebook has this address.' };
  return errorPage(words, home);
}
