// A reader of an article: its script is loaded, a click on its button opens the notebook in a frame. A front that does not list the
// article's site answers with the launch page, whose button is then pressed, as in a plain iframe.
import { EMBED_PATH } from '../../../redirector/embed/script.ts';
import type { ReaderOptions } from './reader-options.ts';
import type { Visit } from './visit.ts';
import { type Landing, walkIn } from './walk.ts';

/** @throws VisitEnded */
export async function clickEmbedded(
  visit: Visit,
  { url, articleOrigin, patienceMs }: Pick<ReaderOptions, 'url' | 'articleOrigin' | 'patienceMs'>,
): Promise<Landing> {
  const referer = `${articleOrigin}/`;
  const script = new URL(EMBED_PATH, url).href;
  await visit.get('embed_js', script, { destination: 'script', site: 'cross-site', headers: { referer } });
  visit.lap('embed_js');
  return walkIn(visit, {
    ...{ url, method: 'POST', destination: 'iframe', site: 'cross-site', patienceMs },
    headers: { origin: articleOrigin, referer },
  });
}
