// The demo's article comes up wherever its preferred port is.
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Article, serveArticle } from '../../cli/demo/article.ts';

let article: Article | undefined;
const servers: { close(): unknown }[] = [];
afterEach(async () => {
  await article?.close();
  for (const server of servers.splice(0)) server.close();
});

async function takenPort(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test.each([
  ['is taken', takenPort],
  ['is above the highest', async () => 65_537],
])('it has another port where the preferred one %s', async (_, port) => {
  const preferred = await port();
  article = await serveArticle(preferred);
  article.embed('http://front.example', '/notebooks/one.ipynb');
  const { hostname, port: used } = new URL(article.url);
  expect(hostname).toBe('article.localhost');
  expect(used).not.toBe(String(preferred));
  const page = await fetch(`http://127.0.0.1:${used}/?from=somewhere`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('src="http://front.example/embed.js" data-path="/notebooks/one.ipynb"');
  expect((await fetch(`http://127.0.0.1:${used}/favicon.ico`)).status).toBe(404);
});
