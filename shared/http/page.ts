// The frame of every page for people: readable on a phone, light and dark, loads nothing from elsewhere.
import { createHash } from 'node:crypto';
import type { Edition, Look } from '../brand/brand.ts';
import { PALETTE, paletteStyle } from '../brand/palette.ts';
import type { Language } from '../words/language.ts';

export interface Page {
  /** Of its words; English unless given. */
  readonly language?: Language;
  /** A publisher's; ours unless given. */
  readonly look?: Look | undefined;
  readonly title: string;
  /** HTML. Text from outside must have gone through `escapeHtml`. */
  readonly body: string;
  /** Further elements for the head. */
  readonly head?: string;
  /** The page's own script, if it has one. */
  readonly script?: string;
}

/** Makes a page for readers, in their language. What it takes from the edition is text, not HTML. */
export type PageMaker = (edition: Edition) => Page;

/** Escapes text for use between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What `escapeHtml` made, as it was: for programs that read our pages. */
export function unescapeHtml(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}

const OWN_PALETTE = paletteStyle(PALETTE);

const STYLE = `
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--paper); color: var(--ink); font: 17px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; display: grid; grid-template-columns: minmax(0, 1fr); justify-items: center; align-content: center; gap: 1rem; padding: 1.25rem; }
body > header, body > footer { width: min(40rem, 100%); padding: 0 .25rem; overflow-wrap: anywhere; } body > footer { color: var(--dim); font-size: .92rem; }
body > header { display: flex; align-items: center; gap: .75rem; font-weight: 600; } body > header img { max-height: 3rem; max-width: 50%; }
main { width: min(40rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: clamp(1.25rem, 5vw, 2.5rem); }
main.wide { width: min(68rem, 100%); }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 0 0 .6rem; }
p { margin: .6rem 0; } .dim { color: var(--dim); font-size: .92rem; } p:empty { margin: 0; } [hidden] { display: none !important; }
a { color: var(--accent); }
button, .button { font: inherit; font-weight: 600; background: var(--accent); color: var(--on-accent); border: 2px solid transparent; border-radius: 9px; padding: .6rem 1.2rem; cursor: pointer; display: inline-block; text-decoration: none; margin-top: .8rem; }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .92em; overflow-wrap: anywhere; }
`;

export function renderPage(page: Page): string {
  const { look } = page;
  const wide = page.body.includes('data-wide') ? ' class="wide"' : '';
  return `<!doctype html>
<html lang="${page.language ?? 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>${escapeHtml(page.title)}</title><style>${look === undefined ? OWN_PALETTE : paletteStyle(look.palette)}${STYLE}</style>${page.head ?? ''}</head>
<body>${headerOf(look)}<main${wide}>${page.body}</main>${footerOf(look)}${page.script === undefined ? '' : `<script>${page.script}</script>`}</body></html>
`;
}

function headerOf(look: Look | undefined): string {
  if (look === undefined || look.name === '') return '';
  const logo = look.logo === '' ? '' : `<img src="${escapeHtml(look.logo)}" alt="">`;
  return `<header>${logo}<span>${escapeHtml(look.name)}</span></header>`;
}

function footerOf(look: Look | undefined): string {
  return look === undefined || look.footer === '' ? '' : `<footer>${escapeHtml(look.footer)}</footer>`;
}

/**
 * Headers for our pages: nothing may be loaded from elsewhere, and only the page's own script may run.
 * @param framePolicy who may show it in a frame, as a directive
 */
export function pageHeaders(page: Page, framePolicy: string): Readonly<Record<string, string>> {
  const script =
    page.script === undefined
      ? "'none'"
      : `'sha256-${createHash('sha256').update(page.script).digest('base64')}' 'self'`;
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-language': page.language ?? 'en',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline' 'self'; script-src ${script}; connect-src 'self'; img-src 'self' data:; base-uri 'none'; ${framePolicy}`,
  };
}
