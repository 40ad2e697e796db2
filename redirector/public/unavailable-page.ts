// What a reader sees when no node can take them: the truth, and a page that tries again by itself.
import type { RefusalReason } from '../../shared/api/refusal.ts';
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import { RETRY_SPREAD, retryWithoutScript } from '../../shared/pages/retry.ts';

export interface RefusedPageOptions {
  readonly reason: RefusalReason;
  /** When to try again; spread out, or all who were turned away would come back together. */
  readonly retryAfterMs: number;
  /**
   * The address without our ticket: with it, those who try again would still be kept from the nodes that could not take
   * them before, however much room came free there.
   */
  readonly again: string;
  /** Whether the page answers a POST: to reload it would make a browser ask whether to send the form again. */
  readonly posted: boolean;
}

export function refusedPage({ reason, retryAfterMs, again, posted }: RefusedPageOptions): PageMaker {
  return ({ words: { unavailable: words } }) => {
    const { title, text } = words[reason];
    return {
      title,
      head: retryWithoutScript(retryAfterMs, again),
      body: `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>
<p class="dim">${escapeHtml(words.triesAgain)}</p>
<p><a class="button" id="again" href="${escapeHtml(again)}">${escapeHtml(words.tryNow)}</a></p>`,
      // To replace an address by itself, fragment and all, would load nothing: then it is a reload, or the fragment is dropped.
      script: `setTimeout(() => {
  const again = new URL(document.getElementById('again').href);
  const plain = again.href;
  again.hash = location.hash;
  if (again.href !== location.href) location.replace(again);
  else if (${posted} || location.hash === '') location.replace(plain);
  else location.reload();
}, ${retryAfterMs} * (1 + ${RETRY_SPREAD} * Math.random()));`,
    };
  };
}
