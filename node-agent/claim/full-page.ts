// The page for a reader when this node is full, and they have been sent back to the front too often.
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import { RETRY_SPREAD, retryWithoutScript } from '../../shared/pages/retry.ts';

const RETRY_MS = 4_000;

export const fullPage: PageMaker = ({ words: { node: words } }) => ({
  title: words.full.title,
  head: retryWithoutScript(RETRY_MS),
  body: `<h1>${escapeHtml(words.full.title)}</h1>
<p>${escapeHtml(words.full.text)}</p>
<p class="dim">${escapeHtml(words.triesAgain)}</p>`,
  // At a random time, or all readers who were refused together would come back together.
  script: `setTimeout(() => location.reload(), ${RETRY_MS} * (1 + ${RETRY_SPREAD} * Math.random()));`,
});
