// The page for a reader whose sandbox takes a moment to start. Its last element, which comes with the sandbox, says where to go.
import { escapeHtml, type PageMaker, unescapeHtml } from '../http/page.ts';
import { SMALL_FRAMES } from './launch-page.ts';

/**
 * Runs when the last element is there. The fragment is not part of a request. A press while the browser is on its way would use the
 * address up, and lose the answer.
 */
const GO_ON = `const next = document.getElementById('next');
next.hidden = true;
location.replace(next.href + location.hash);`;

const NEXT = / id="next" href="([^"]+)"/;

/**
 * What is neither seen nor heard: WebKit shows nothing of a page that is still loading until it has 200 characters that are not white
 * space (`visualCharacterThreshold` of its LocalFrameView, https://bugs.webkit.org/show_bug.cgi?id=252413).
 */
const FILLER = `<div aria-hidden="true" style="height:0;overflow:hidden">${'\u200b'.repeat(201)}</div>`;

/** All but its last element. */
export const preparingPage: PageMaker = ({ words: { launch: words } }) => ({
  title: words.asked,
  head: SMALL_FRAMES,
  body: `<h1>${escapeHtml(words.asked)}</h1><p role="status">${escapeHtml(words.waiting)}</p>${FILLER}`,
  script: GO_ON,
});

/** @param address of the same origin, or absolute @param label what a reader presses whose browser does not go on by itself */
export function nextElement(address: string, label: string): string {
  const href = escapeHtml(address);
  return `<noscript><meta http-equiv="refresh" content="0; url=${href}"></noscript>
<p><a class="button" id="next" href="${href}">${escapeHtml(label)}</a></p>`;
}

/** For programs that click: the address to which the page goes on; undefined for any other page. */
export function nextOf(page: string): string | undefined {
  const [, address] = NEXT.exec(page) ?? [];
  return address === undefined ? undefined : unescapeHtml(address);
}
