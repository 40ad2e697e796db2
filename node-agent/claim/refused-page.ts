// The page for a reader whom this node does not serve.
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import type { NodeWords } from '../../shared/words/node.ts';

export type ClaimRefusal = Exclude<keyof NodeWords['refused'], 'title'>;

export function refusedPage(why: ClaimRefusal): PageMaker {
  return ({ words: { node: words } }) => {
    const { title } = words.refused;
    return { title, body: `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(words.refused[why])}</p>` };
  };
}
