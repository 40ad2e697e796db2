// The page for a visitor that may not be a person: previews get a title, people a button (and a script that presses it).
import { escapeHtml, type Page } from '../../shared/http/page.ts';

const DESCRIPTION =
  'Opens a live notebook of your own, at once. Nothing to install. It is temporary: download what you want to keep.';

/** @param action where the button posts to: the requested address */
export function launchPage(title: string, action: string): Page {
  return {
    title,
    head: [
      `<meta name="description" content="${escapeHtml(DESCRIPTION)}">`,
      `<meta property="og:type" content="website">`,
      `<meta property="og:title" content="${escapeHtml(title)}">`,
      `<meta property="og:description" content="${escapeHtml(DESCRIPTION)}">`,
      `<meta name="twitter:card" content="summary">`,
    ].join(''),
    body: `<h1>${escapeHtml(title)}</h1><p>${DESCRIPTION}</p>
<form method="post" action="${escapeHtml(action)}"><button autofocus>Open my notebook</button></form>`,
    // A page that the browser prerenders must wait for the reader's click.
    script: `const go = () => document.forms[0].submit();
document.prerendering ? document.addEventListener('prerenderingchange', go, { once: true }) : go();`,
  };
}
