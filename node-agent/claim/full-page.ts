// The page for a reader when this node is full and there is no front to send them to.
import type { Page } from '../../shared/http/page.ts';

export function fullPage(): Page {
  return {
    title: 'All notebooks are taken',
    body: `<h1>All notebooks are taken at the moment</h1>
<p>Each reader gets one of their own. They become free as other readers leave.</p>
<p class="dim">This page tries again by itself every few seconds.</p><noscript><p>Without JavaScript, reload it yourself.</p></noscript>`,
    // At a random time, or all readers who were refused together would come back together.
    script: 'setTimeout(() => location.reload(), 4000 + Math.random() * 3000);',
  };
}
