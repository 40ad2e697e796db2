// The page for a visitor who has not clicked: previews get a title, people a button. In a browser that may have no fetch
// metadata the button presses itself, except in a frame.
import { escapeHtml, type PageMaker } from '../http/page.ts';
import type { Visitor } from '../http/visitor.ts';

/** In a small frame the button comes first: it must be visible without scrolling at 300 × 150, the default of an iframe. */
export const SMALL_FRAMES = `<style>
@media (max-height: 320px) {
  body { padding: .5rem; font-size: 15px; } main { padding: .75rem; text-align: center; }
  h1 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; } main p { display: none; } button, .button { margin-top: .5rem; }
}
@media (max-height: 120px) { h1 { display: none; } main { border: 0; padding: 0; background: none; } button, .button { margin: 0; } }
</style>`;

/** The fragment is not part of a request: without this it would be lost on the way. */
const KEEP_FRAGMENT =
  "const form = document.forms[0], { action } = form;\nform.addEventListener('submit', () => { form.action = action + location.hash; });";

/** A page that the browser prerenders must wait for the reader's click; in a frame nobody may have clicked. */
const PRESS_BY_ITSELF = `
if (top === self) {
  const go = () => form.requestSubmit();
  document.prerendering ? document.addEventListener('prerenderingchange', go, { once: true }) : go();
}`;

export interface LaunchPageOptions {
  /** The heading; empty for that of the catalogue. */
  readonly title: string;
  /** Where the button posts to: the requested address, on this origin. */
  readonly action: string;
  readonly visitor: Visitor;
}

export function launchPage({ title: given, action, visitor }: LaunchPageOptions): PageMaker {
  const isForPerson = visitor === 'frame' || visitor === 'cross-site';
  return ({ words: { launch: words } }) => {
    const title = given === '' ? words.title : given;
    const description = escapeHtml(words.description);
    return {
      title,
      head: [
        `<meta name="description" content="${description}">`,
        `<meta property="og:type" content="website">`,
        `<meta property="og:title" content="${escapeHtml(title)}">`,
        `<meta property="og:description" content="${description}">`,
        `<meta name="twitter:card" content="summary">`,
        SMALL_FRAMES,
      ].join(''),
      body: `<h1>${escapeHtml(title)}</h1><p>${description}</p>
<form method="post" action="${escapeHtml(action)}"><button>${escapeHtml(words.open)}</button></form>`,
      script: isForPerson ? KEEP_FRAGMENT : KEEP_FRAGMENT + PRESS_BY_ITSELF,
    };
  };
}
