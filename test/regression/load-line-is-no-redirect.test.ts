// A reader of `tmpfleet load` who stood in line, was let in, and was sent back to the line because the node had filled again, was
// counted as one who goes round in redirects after the seventh time: three of twenty hops went to each turn. A browser counts the
// redirects of one navigation only, and its reader waits on. So a crowded fleet seemed to break readers whom it served.
import { afterEach, expect, test } from 'vitest';
import { loadTest, serveTest, type TestServer } from '../cli/load/support.ts';

let server: TestServer | undefined;
afterEach(() => server?.close());

const LINE = '<div id="line" data-again="/line"></div>';

/** Lets the reader in at once, and sends them back to the line `times` times. */
async function serveLine(times: number, redirect = '/start'): Promise<string> {
  let turns = 0;
  server = await serveTest((request, response) => {
    if (request.url === '/line') response.end('{"status":"admitted","location":"/claim"}');
    else if (request.url === '/claim' && turns < times) {
      turns += 1;
      response.writeHead(302, { location: redirect }).end();
    } else if (request.url === '/claim') response.writeHead(302, { location: '/user/abc/' }).end();
    else if (request.url === '/user/abc/') response.end('<title>An app</title>');
    else response.end(LINE);
  });
  return `${server.url}/start`;
}

const ONE = { readers: 1, forMs: 10 };

test('a reader who is sent back to the line many times is served in the end', async () => {
  const report = await loadTest(await serveLine(10), ONE, { page: 'none', patienceMs: 10_000 });
  expect(report.errors).toEqual([]);
  expect(report.readers).toMatchObject({ served: 1, failed: 0 });
  expect(report.steps.line?.count).toBe(11);
});

test('one whom a fleet sends round in redirects has failed', async () => {
  const report = await loadTest(await serveLine(Number.POSITIVE_INFINITY, '/claim'), ONE);
  expect(report.errors).toMatchObject([{ outcome: 'failed', count: 1 }]);
  expect(report.errors[0]?.example).toContain('more than 20 redirects');
});

test('one whom a fleet sends round in pages has failed, too', async () => {
  const report = await loadTest(await serveLine(Number.POSITIVE_INFINITY), ONE, { patienceMs: 60_000 });
  expect(report.errors[0]?.example).toContain('more than 100 pages');
});

test('patience is for all the time in line', async () => {
  let turns = 0;
  server = await serveTest((request, response) => {
    if (request.url === '/line') setTimeout(() => response.end('{"status":"admitted","location":"/go"}'), 60);
    else if (request.url === '/go') {
      turns += 1;
      response.writeHead(302, { location: '/start' }).end();
    } else response.end(LINE);
  });
  const report = await loadTest(`${server.url}/start`, ONE, { patienceMs: 500 });
  expect(report.errors).toMatchObject([{ outcome: 'refused', kind: 'left-the-line' }]);
  expect(turns).toBeLessThanOrEqual(9);
});
