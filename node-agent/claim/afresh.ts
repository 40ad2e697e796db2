// `tmpfleet-afresh` in the address of a notebook: a reader who has a sandbox is asked whether to keep it, or to start afresh. What ends
// it is a press of a page of ours. A link that holds the word ends nothing, from any author.
import type { IncomingMessage } from 'node:http';
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import { isForeignPost } from '../../shared/http/visitor.ts';
import { SMALL_FRAMES } from '../../shared/pages/launch-page.ts';

const AFRESH = /^tmpfleet-afresh(?:=|$)/;

/** Splits our word off a raw query (without `?`), leaving the reader's own bytes as they were. */
export function splitAfresh(rawQuery: string): { readonly query: string; readonly isAfresh: boolean } {
  if (!rawQuery.includes('tmpfleet-afresh')) return { query: rawQuery, isAfresh: false };
  const parts = rawQuery.split('&');
  const kept = parts.filter((part) => !AFRESH.test(part));
  return { query: kept.join('&'), isAfresh: kept.length < parts.length };
}

/** Whether the reader has pressed the button of our page. Pages of other origins, an article's too, cannot. */
export function isPressedAfresh({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && !isForeignPost(headers, '');
}

/** Moves the fragment along: it is not part of a request. */
const KEEP_FRAGMENT = `
const form = document.forms[0], { action } = form;
document.querySelector('a.button').hash = location.hash;
form.addEventListener('submit', () => { form.action = action + location.hash; });`;

export interface AfreshPageOptions {
  /** Opens the sandbox that the reader has. */
  readonly keep: string;
  /** Where the button posts to. */
  readonly action: string;
}

export function afreshPage({ keep, action }: AfreshPageOptions): PageMaker {
  return ({ words: { companion: words } }) => ({
    title: words.afresh,
    head: SMALL_FRAMES,
    body: `<h1>${escapeHtml(words.afresh)}</h1><p>${escapeHtml(words.afreshAsk)}</p>
<p><a class="button" href="${escapeHtml(keep)}">${escapeHtml(words.stay)}</a></p>
<form method="post" action="${escapeHtml(action)}"><button>${escapeHtml(words.afresh)}</button></form>`,
    script: KEEP_FRAGMENT,
  });
}
