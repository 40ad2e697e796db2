// The page for a reader whom this node does not serve.
import { escapeHtml, type Page } from '../../shared/http/page.ts';

/** @param why a sentence for the reader */
export function refusedPage(why: string): Page {
  const title = 'No notebook from here';
  return { title, body: `<h1>${title}</h1><p>${escapeHtml(why)}</p>` };
}
