// What a reader sees when no node can take them: the truth, and a page that tries again by itself.
import { escapeHtml, type Page } from '../../shared/http/page.ts';
import { RETRY_SPREAD, retryWithoutScript } from '../../shared/pages/retry.ts';
import type { RefusalReason } from '../placement/dispatcher.ts';

const WORDS: Readonly<Record<RefusalReason, { readonly title: string; readonly text: string }>> = {
  full: {
    title: 'All notebooks are taken at the moment',
    text: 'Each reader has one of their own, and every one is in use. They come free as people leave.',
  },
  closed: {
    title: 'No new notebooks are given out at the moment',
    text: 'Notebooks that are open go on. The operator has paused this service, most likely for a short time.',
  },
  'too-many-hops': {
    title: 'All notebooks are taken at the moment',
    text: 'Others were quicker at every host that seemed to have room. They come free as people leave.',
  },
  'none-answers': {
    title: 'The notebooks cannot be reached just now',
    text: 'The hosts they run on do not answer. Their operator can see this too.',
  },
  'no-nodes': {
    title: 'There are no notebooks here yet',
    text: 'This service has just been set up: no host has been added to it.',
  },
};

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

export function refusedPage({ reason, retryAfterMs, again, posted }: RefusedPageOptions): Page {
  const { title, text } = WORDS[reason];
  return {
    title,
    head: retryWithoutScript(retryAfterMs, again),
    body: `<h1>${title}</h1><p>${text}</p>
<p class="dim">This page tries again by itself every few seconds. You may leave it open.</p>
<p><a class="button" id="again" href="${escapeHtml(again)}">Try again now</a></p>`,
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
}
