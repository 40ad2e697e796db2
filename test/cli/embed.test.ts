// `tmpfleet embed`: what it prints is what an article contains, and bad input is named.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Demo, startDemo } from '../support/demo.ts';
import { tmpfleet } from '../support/tmpfleet.ts';

let demo: Demo;
let front = '';
beforeAll(async () => {
  demo = startDemo(['--engine', 'local', '--nodes', '1', '--capacity', '1', '--warm', '0']);
  front = await demo.front();
});
afterAll(() => demo.end());

async function embed(
  ...args: readonly string[]
): Promise<{ readonly code: number | string; readonly output: string }> {
  const run = tmpfleet(['embed', ...args]);
  const code = await run.ended;
  return { code, output: run.output() };
}

test('prints a script and a link, and quotes what is given', async () => {
  const { code, output } = await embed('/a b?x="1"#y', '--front', front, '--label', 'Try <it>');
  expect(code).toBe(0);
  expect(output).toBe(
    `<script src="${front}/embed.js" data-path="/a%20b?x=%221%22#y" data-label="Try &#60;it&#62;"></script>
<noscript><a href="${front}/a%20b?x=%221%22#y">Try &#60;it&#62;</a></noscript>
`,
  );
});

test('pins the content that the front serves, on demand', async () => {
  const { output } = await embed(
    '--front',
    front,
    '--integrity',
    '--json',
    '--lang',
    'de',
    '--into',
    '#place',
  );
  const { html, version, integrity }: Record<string, string> = JSON.parse(output);
  expect(html).toContain(
    `src="${front}/embed.js?v=${version}" integrity="${integrity}" crossorigin="anonymous"`,
  );
  expect(html).toContain('data-lang="de" data-into="#place"');
  expect(html).toContain('>Notebook öffnen</a>');
  const served = Buffer.from(await (await fetch(`${front}/embed.js?v=${version}`)).arrayBuffer());
  expect(integrity).toBe(`sha384-${createHash('sha384').update(served).digest('base64')}`);
});

test.each([
  [2, ['x', '--front', 'https://try.example.org'], /path: invalid value "x".*begins with a slash/],
  [2, ['//evil.example', '--front', 'https://try.example.org'], /path: invalid value/],
  [2, ['/\\evil.example/x', '--front', 'https://try.example.org'], /path: .*leads to evil\.example/],
  [
    2,
    ['--front', 'try.example.org'],
    /--front: invalid value "try\.example\.org".*https:\/\/try\.example\.org/,
  ],
  [2, ['--front', 'https://try.example.org/below'], /--front: invalid value/],
  [2, [], /required option '--front <url>'/],
  [4, ['--front', 'http://127.0.0.1:9'], /nothing listens there.*--no-check/s],
  [
    0,
    ['--front', 'https://try.example.org', '--no-check'],
    /^<script src="https:\/\/try\.example\.org\/embed\.js"/,
  ],
])('exits with %i: %j', async (code, args, said) => {
  const ended = await embed(...args);
  expect(ended.output).toMatch(said);
  expect(ended.code).toBe(code);
});

test.each([
  ['a script without an end', 200, 'text/javascript', /the script is longer than 100000 bytes/],
  ['a page without an end', 404, 'text/html', /is no script of a tmpfleet front \(status 404\)/],
  ['another page', 200, 'text/html', /is no script of a tmpfleet front \(status 200\)/],
])('%s is refused, and soon', async (_, status, type, said) => {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': type });
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
      response.once('drain', more);
    };
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  try {
    const { code, output } = await embed('--front', url);
    expect(output).toMatch(said);
    expect(code).toBe(3);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('an address that serves something else is refused', async () => {
  const { code, output } = await embed('--front', demo.control());
  expect(output).toContain('is no script of a tmpfleet front (status 404)');
  expect(code).toBe(3);
});
