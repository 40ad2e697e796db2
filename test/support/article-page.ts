// An article that embeds notebooks by `/embed.js`, and what its reader's browser shows of them.
import type { FrameLocator, Page } from 'playwright-core';
import type { ArticleFleet } from './article-fleet.ts';
import { until } from './until.ts';

const TITLE = 'An article about numbers';

export interface FigureAttributes {
  readonly path: string;
  readonly label: string;
  /** Further attributes of the script. */
  readonly more?: string;
}

/** An article with figures, and a link below them. */
export function articlePage(fleet: ArticleFleet, figures: readonly FigureAttributes[], head = ''): string {
  const scripts = figures.map(
    ({ path, label, more = '' }) =>
      `<p><script src="${fleet.front}/embed.js" data-path="${path}" ${label === '' ? '' : `data-label="${label}"`} ${more}></script></p>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">${head}<title>${TITLE}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><h1>${TITLE}</h1>
<button id="mine">Mine</button><div id="place" style="width: 500px; height: 300px"></div>
${scripts.join('')}<p style="height: 2000px">Text <a href="#">with a link</a></p></body></html>`.replace(
    /<button id="mine">.*?<\/div>\n/s,
    (own) => (figures.some(({ more }) => more?.includes('#mine')) ? own : ''),
  );
}

/** What a figure shows. */
export const frameNamed = (tab: Page, title: string): FrameLocator =>
  tab.frameLocator(`iframe[title="${title}"]`);

/** The id of the sandbox in a frame of the tab, once one shows that address. */
export async function sandboxAt(tab: Page, address: RegExp): Promise<string> {
  const find = (): string | undefined =>
    tab
      .frames()
      .map((frame) => frame.url())
      .find((url) => url.includes('/user/') && address.test(url));
  await until(`a frame shows ${address}`, () => find() !== undefined, 60_000);
  return /\/user\/([^/]+)\//.exec(find() ?? '')?.[1] ?? '';
}
