// The page for a reader when this node is full and there is no front to send them to.
import type { Page } from '../../shared/http/page.ts';
import { RETRY_SPREAD, retryWithoutScript } from '../../shared/pages/retry.ts';

const RETRY_MS = 4_000;

export function fullPage(): Page {
  return {
    title: 'All notebooks are taken',
    head: retryWithoutScript(RETRY_MS),
    body: `<h1>All notebooks are taken at the moment</h1>
<p>Each reader gets one of their own. They become free as other readers leave.</p>
<p class="dim">This page tries again by itself every few seconds.</p>`,
    // At a random time, or all readers who were refused together would come back together.
    script: `setTimeout(() => location.reload(), ${RETRY_MS} * (1 + ${RETRY_SPREAD} * Math.random()));`,
  };
}
