// No room here and no front to send the reader to.
import type { Page } from '../../shared/http/page.ts';

export function fullPage(): Page {
  return {
    title: 'All notebooks are taken',
    body: `<h1>All notebooks are taken just now</h1>
<p>Each reader has one of their own, and every one is in use. They come free as people leave.</p>
<p class="dim">This page tries again by itself every few seconds.</p>`,
    // Spread out, or everyone who was turned away together would come back together.
    script: 'setTimeout(() => location.reload(), 4000 + Math.random() * 3000);',
  };
}
