// Seen: near a deadline, `nbconvert/html/n.ipynb?download=true` ended with the banner (559,183 → 560,641 bytes),
// even with `Cache-Control: no-transform`, and `Range` and `If-None-Match` of a download never reached the sandbox.
// Why: all HTML that a browser opened was taken for a page. Holds now: nothing is added to attachments and to
// answers that must not be transformed; a range request passes unchanged; a 304 passes where nothing may be added.
import { expect, it } from 'vitest';
import { ask, ID, startBed, startHttp } from '../node-agent/proxy/bed.ts';

const BANNER = '<dialog>soon</dialog>';
const PAGE = '<p>hello</p>';
const notice = (): { header: readonly [string, string]; banner: string } => ({
  header: ['tmpfleet-deadline', 'soon'],
  banner: BANNER,
});
const browser = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };

/** A sandbox whose page has these headers, a validator, and ranges; with the requests that it got. */
async function startPage(headers: Record<string, string>): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const sandbox = await startHttp((request, response) => {
    const { range, 'if-none-match': match } = request.headers;
    asked.push(`${range ?? '-'} ${match ?? '-'}`);
    const all = { 'content-type': 'text/html', etag: '"1"', ...headers };
    if (match === '"1"') response.writeHead(304, all).end();
    else if (range === 'bytes=3-') {
      response.writeHead(206, { ...all, 'content-range': 'bytes 3-11/12' }).end(PAGE.slice(3));
    } else response.writeHead(200, all).end(PAGE);
  });
  const { port } = await startBed(sandbox.port, { notice });
  return { port, asked };
}

it('a page gets the banner', async () => {
  const { port } = await startPage({});
  expect((await ask(port, `/user/${ID}/`, { headers: browser })).body).toBe(PAGE + BANNER);
});

it.each([
  ['an attachment', { 'content-disposition': 'attachment; filename="n.html"' }],
  ['an attachment of known length', { 'content-disposition': 'Attachment', 'content-length': '12' }],
  ['what must not be transformed', { 'cache-control': 'max-age=0, no-transform' }],
])('%s stays as it is, with its validator', async (_, headers) => {
  const { port } = await startPage(headers);
  const answer = await ask(port, `/user/${ID}/`, { headers: browser });
  expect(answer.body).toBe(PAGE);
  expect(answer.headers.etag).toBe('"1"');
});

it('a request for a range reaches the sandbox', async () => {
  const { port } = await startPage({ 'content-disposition': 'attachment' });
  const answer = await ask(port, `/user/${ID}/`, { headers: { ...browser, range: 'bytes=3-' } });
  expect(answer).toMatchObject({ status: 206, body: PAGE.slice(3) });
});

it('a 304 passes where nothing may be added', async () => {
  const { port, asked } = await startPage({ 'cache-control': 'no-transform' });
  const answer = await ask(port, `/user/${ID}/`, { headers: { ...browser, 'if-none-match': '"1"' } });
  expect(answer.status).toBe(304);
  expect(asked).toEqual(['- "1"']);
});

it('a page that the reader has already is requested whole, and gets the banner', async () => {
  const { port, asked } = await startPage({});
  const answer = await ask(port, `/user/${ID}/`, { headers: { ...browser, 'if-none-match': '"1"' } });
  expect(answer).toMatchObject({ status: 200, body: PAGE + BANNER });
  expect(asked).toEqual(['- "1"', '- -']);
});
