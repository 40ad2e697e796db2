// A small article at another site, so that a newcomer sees at the first click what tmpfleet is for: a live notebook in a
// lightbox of an article. Its page asks nothing of the fleet before that.
import { createServer, type Server } from 'node:http';
import { escapeHtml } from '../../shared/http/page.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';

/** Browsers resolve names below localhost to this machine by themselves, and take each for a site of its own. */
const HOST = 'article.localhost';

export interface Article {
  /** `http://article.localhost:9002` */
  readonly url: string;
  /** From now on the article embeds notebooks of this front. @param path what its button opens */
  embed(frontUrl: string, path: string): void;
  close(): Promise<void>;
}

/** @param port the preferred one; 0 for any */
export async function serveArticle(port: number): Promise<Article> {
  let page = '';
  const server = createServer((request, response) => {
    if (splitRequestTarget(request.url ?? '').path !== '/' || page === '') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(page);
  });
  // Its address is printed: where the port is taken, or there is none above the front's, another one does as well.
  await listen(server, port).catch(() => listen(server, 0));
  const address = server.address();
  const used = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${HOST}:${used}`,
    embed: (frontUrl, path) => {
      page = articlePage(frontUrl, path);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Of a damped oscillator: 0 ≤ t ≤ 20, in the coordinates of the figure. */
function curve(damping: number): string {
  const points = Array.from({ length: 201 }, (_, index) => {
    const t = index / 10;
    const y = Math.exp(-damping * t) * Math.cos(2 * t);
    return `${(40 + t * 28).toFixed(1)},${(110 - y * 85).toFixed(1)}`;
  });
  return `M${points.join(' L')}`;
}

function articlePage(frontUrl: string, notebook: string): string {
  const [front, path] = [frontUrl, notebook].map(escapeHtml);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>How long does a swing swing? – The Journal of Small Experiments</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; font: 1.05rem/1.65 Georgia, 'Times New Roman', serif; }
header { border-bottom: 3px double; margin-bottom: 2rem; padding-bottom: .4rem; font-variant: small-caps; letter-spacing: .05em; }
h1 { font-size: 2rem; line-height: 1.2; margin-bottom: .3rem; }
.by { opacity: .75; font-style: italic; margin-top: 0; }
figure { margin: 2rem 0; padding: 1rem 1.25rem 1.25rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem; }
svg { display: block; width: 100%; height: auto; }
figcaption { margin: .5rem 0 1rem; font-size: .95rem; }
footer { margin-top: 3rem; font-size: .85rem; opacity: .8; }
</style>
</head>
<body>
<header>The Journal of Small Experiments</header>
<main>
<h1>How long does a swing swing?</h1>
<p class="by">An article of the tmpfleet demo</p>
<p>Push a swing once and let it go. Each swing is a little smaller than the one before, by the same factor each time, so the
height follows a cosine within an exponential that shrinks. How fast it shrinks depends on one number, the damping γ.</p>
<figure>
<svg viewBox="0 0 640 220" role="img" aria-label="Two curves that swing and die away, one sooner than the other">
<path d="M40 110H610M40 15V205" fill="none" stroke="currentColor" opacity=".4"/>
<path d="${curve(0.08)}" fill="none" stroke="#d95f02" stroke-width="2.5"/>
<path d="${curve(0.3)}" fill="none" stroke="#1b9e77" stroke-width="2.5"/>
<g fill="currentColor" font-size="13" font-family="system-ui, sans-serif"><text x="600" y="130" text-anchor="end">time</text>
<text x="330" y="40" fill="#d95f02">γ = 0.08</text><text x="130" y="190" fill="#1b9e77">γ = 0.3</text></g>
</svg>
<figcaption><strong>Figure 1.</strong> The same swing with little and with more damping. What is its height after five
seconds, for a γ of your own? The button opens a notebook to work it out in.</figcaption>
<script src="${front}/embed.js" data-path="${path}" data-label="Try it: open the notebook" data-title="Figure 1, live"></script>
<noscript><a href="${front}${path}">Open the notebook</a></noscript>
</figure>
<p>At the click above, the fleet of this demo gives you a notebook of your own. It appears within this page, though it comes
from another site. Close it and open it again: it is still the same one. Nothing was asked of the fleet before your click, so an
article may be read by millions.</p>
</main>
<footer>This page is served by <code>tmpfleet demo</code>. What it has to contain for that, one line, is in its source.</footer>
</body>
</html>
`;
}
