// Seen: near a deadline, `nbconvert/html/n.ipynb?download=true` ended with the banner (559,183 → 560,641 bytes),
// even with `Cache-Control: no-transform`, and `Range` and `If-None-Match` of a download never reached the sandbox.
// Why: all HTML that a browser opened was taken for a page. Holds now, for the companion's script: nothing is added to
// attachments and to answers that must not be transformed; a range request passes unchanged; a 304 passes where nothing may be
// added, and where the reader's copy has the script.
import { expect, it } from 'vitest';
import { ask, ID, startBed, startHttp } from '../node-agent/proxy/bed.ts';

const TAIL = '<script src="/x"></script>';
const PAGE = '<p>hello</p>';
const pageTail = (): { html: string; version: string } => ({ html: TAIL, version: 'v2' });
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
  const { port } = await startBed(sandbox.port, { pageTail });
  return { port, asked };
}

it.each(['document', 'iframe', 'frame', 'embed', 'object'])('a page gets the script as %s', async (dest) => {
  const { port } = await startPage({});
  const answer = await ask(port, `/user/${ID}/`, { headers: { ...browser, 'sec-fetch-dest': dest } });
  expect(answer.body).toBe(PAGE + TAIL);
  expect(answer.headers.etag).toBe('"1+v2"');
});

it.each([
  ['an attachment', { 'content-disposition': 'attachment; filename="n.html"' }],
  ['an attachment of known length', { 'content-disposition': 'Attachment', 'content-length': '12' }],
  ['what must not be transformed', { 'cache-control': 'max-age=0, no-transform' }],
  ['what is no HTML', { 'content-type': 'text/plain' }],
  ['a page in UTF-16', { 'content-type': 'text/html; charset=UTF-16LE' }],
])('%s stays as it is, with its validator', async (_, headers) => {
  const { port } = await startPage(headers);
  const answer = await ask(port, `/user/${ID}/`, { headers: browser });
  expect(answer.body).toBe(PAGE);
  expect(answer.headers.etag).toBe('"1"');
});

it.each([
  ['a script', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html' }],
  ['a program', { accept: '*/*' }],
])('what %s fetches stays as it is', async (_, headers) => {
  const { port } = await startPage({});
  expect((await ask(port, `/user/${ID}/`, { headers })).body).toBe(PAGE);
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

it('a 304 passes where the copy of the reader has the script', async () => {
  const { port, asked } = await startPage({});
  const answer = await ask(port, `/user/${ID}/`, { headers: { ...browser, 'if-none-match': 'W/"1+v2"' } });
  expect(answer.status).toBe(200);
  const same = await ask(port, `/user/${ID}/`, { headers: { ...browser, 'if-none-match': '"1+v2"' } });
  expect(same).toMatchObject({ status: 304, body: '', headers: { etag: '"1+v2"' } });
  expect(asked).toEqual(['- W/"1"', '- "1"']);
});

it.each(['"1"', '"1+v1"'])('a copy %s without the present script is requested whole', async (copy) => {
  const { port, asked } = await startPage({});
  const answer = await ask(port, `/user/${ID}/`, { headers: { ...browser, 'if-none-match': copy } });
  expect(answer).toMatchObject({ status: 200, body: PAGE + TAIL });
  expect(asked.at(-1)).toBe(copy === '"1"' ? '- -' : '- "1+v1"');
});
