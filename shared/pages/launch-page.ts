// The page for a visitor who has not clicked: previews get a title, people a button. In a browser that may have no fetch
// metadata the button presses itself, except in a frame.
import type { IncomingMessage } from 'node:http';
import { isHttps } from '../http/cookies.ts';
import { escapeHtml, type PageMaker } from '../http/page.ts';
import type { Visitor } from '../http/visitor.ts';

/** In a small frame the button comes first: it must be visible without scrolling at 300 × 150, the default of an iframe. */
export const SMALL_FRAMES = `<style>
@media (max-height: 320px) {
  body { padding: .5rem; font-size: 15px; } body > header, body > footer { display: none; } main { padding: .75rem; text-align: center; }
  h1 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; } main p:not([role=status]) { display: none; } button, .button { margin-top: .5rem; }
}
@media (max-height: 120px) { h1 { display: none; } main { border: 0; padding: 0; background: none; } button, .button { margin: 0; } }
</style>`;

/**
 * The button gives way to what is happening. The page knows when it was pressed, and that there is no answer yet: one that is
 * warm comes within a second. It comes back when that takes so long that the reader may have stopped it, and when they go back to
 * this page. The fragment is not part of a request: without this it would be lost on the way.
 */
const PRESS = `
const form = document.forms[0], { action } = form, button = form.querySelector('button'), status = document.querySelector('[role=status]');
let timers = [];
const say = (step) => { status.textContent = status.dataset[step] ?? ''; };
const offer = () => { button.hidden = false; timers.forEach(clearTimeout); timers = []; };
form.addEventListener('submit', (event) => {
  if (button.hidden) { event.preventDefault(); return; }
  form.action = action + location.hash;
  button.hidden = true;
  say('asked');
  status.focus();
  timers = [setTimeout(say, 2500, 'waiting'), setTimeout(() => { offer(); say('slow'); }, 20000)];
});
addEventListener('pageshow', ({ persisted }) => { if (persisted) { offer(); say(''); } });`;

/** A page that the browser prerenders must wait for the reader's click; in a frame there may have been no click. */
const PRESS_BY_ITSELF = `
if (top === self) {
  const go = () => form.requestSubmit();
  document.prerendering ? document.addEventListener('prerenderingchange', go, { once: true }) : go();
}`;

/** What the operator says of the notebooks; each empty for what the catalogue says. */
export interface Preview {
  readonly title: string;
  readonly description: string;
  /** Address of a picture for link previews; empty for none. */
  readonly previewImage: string;
}

export interface LaunchPageOptions {
  readonly preview: Preview;
  /** Where the button posts to: the requested address, on this origin. */
  readonly action: string;
  /** Where readers find this page, for previews; undefined where that is not known. */
  readonly address: string | undefined;
  readonly visitor: Visitor;
}

export function launchPage({ preview, action, address, visitor }: LaunchPageOptions): PageMaker {
  const isForPerson = visitor === 'frame' || visitor === 'cross-site';
  return ({ words: { launch: words } }) => {
    const title = preview.title === '' ? words.title : preview.title;
    const description = preview.description === '' ? words.description : preview.description;
    const { asked, waiting, slow } = words;
    const steps = Object.entries({ asked, waiting, slow }).map(
      ([step, text]) => `data-${step}="${escapeHtml(text)}"`,
    );
    return {
      title,
      head: previewTags({ title, description, image: preview.previewImage, address }) + SMALL_FRAMES,
      body: `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(description)}</p>
<form method="post" action="${escapeHtml(action)}"><button>${escapeHtml(words.open)}</button></form>
<p role="status" tabindex="-1" ${steps.join(' ')}></p>`,
      script: isForPerson ? PRESS : PRESS + PRESS_BY_ITSELF,
    };
  };
}

interface PreviewTags {
  readonly title: string;
  readonly description: string;
  readonly image: string;
  readonly address: string | undefined;
}

/** For link previews: the Open Graph protocol (https://ogp.me), which most of them read. */
function previewTags({ title, description, image, address }: PreviewTags): string {
  const og = (name: string, content: string): string =>
    content === '' ? '' : `<meta property="og:${name}" content="${escapeHtml(content)}">`;
  return [
    `<meta name="description" content="${escapeHtml(description)}">`,
    og('type', 'website'),
    og('title', title),
    og('description', description),
    og('image', image),
    `<meta name="twitter:card" content="${image === '' ? 'summary' : 'summary_large_image'}">`,
    address === undefined ? '' : `${og('url', address)}<link rel="canonical" href="${escapeHtml(address)}">`,
  ].join('');
}

/**
 * The address by which a request came to us, without our own parameters; undefined without a `Host`.
 * @param target path and query
 */
export function addressOf(request: IncomingMessage, target: string, trustProxy: boolean): string | undefined {
  const { host } = request.headers;
  if (host === undefined || host === '') return undefined;
  return `${isHttps(request, trustProxy) ? 'https' : 'http'}://${host}${target}`;
}
