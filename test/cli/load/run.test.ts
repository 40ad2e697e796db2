// `tmpfleet load` against servers of the test: what it measures is what happened.
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { parseSteps } from '../../../cli/load/profiles/http-file.ts';
import { loadTest, serveTest, type TestServer } from './support.ts';

const servers: TestServer[] = [];
const serve: typeof serveTest = async (handle) => {
  const server = await serveTest(handle);
  servers.push(server);
  return server;
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const GET = parseSteps('steps: [{ get: /, name: front }]', 'x');

test('a server that stops for a while shows in p99 of the open model; the closed model hides it', async () => {
  const stoppingFor = (stopMs: number) => {
    const began = performance.now();
    const isStopped = (): boolean =>
      performance.now() - began > 500 && performance.now() - began < 500 + stopMs;
    const held: (() => void)[] = [];
    setTimeout(() => held.splice(0).forEach((go) => void go()), 500 + stopMs);
    return serve((_, response) => {
      if (isStopped()) held.push(() => response.end('ok'));
      else response.end('ok');
    });
  };
  const http = { profile: 'http', steps: GET } as const;
  const [forOpen, forClosed] = [await stoppingFor(1_000), await stoppingFor(1_000)];
  const [open, closed] = await Promise.all([
    loadTest(forOpen.url, { rate: 100, forMs: 2_500, spacing: 'even' }, http),
    loadTest(forClosed.url, { closed: 1, forMs: 2_500 }, http),
  ]);
  const [seen, hidden] = [open, closed].map(({ steps }) => steps.front);
  console.log(
    `a stop of 1 s, p90 and p99: open model ${seen?.p90_ms}, ${seen?.p99_ms} ms; closed model ${hidden?.p90_ms}, ${hidden?.p99_ms} ms`,
  );
  // Two fifths of the readers came while it stood.
  expect(seen?.count).toBe(250);
  expect(seen?.p99_ms).toBeGreaterThan(900);
  expect(seen?.p90_ms).toBeGreaterThan(600);
  expect(hidden?.max_ms).toBeGreaterThan(900);
  // One reader waited, whatever the others would have.
  expect(hidden?.p90_ms).toBeLessThan(300);
});

test('known latencies come back within 1 %, and by the number of the readers', async () => {
  const truth: number[] = [];
  const { url } = await serve((_, response) => {
    const began = performance.now();
    const end = (): void => {
      truth.push(performance.now() - began);
      response.end('ok');
    };
    setTimeout(end, 400 + 10 * (truth.length % 50) + 300 * Math.random());
  });
  const { steps, statuses, readers, generator } = await loadTest(
    url,
    { readers: 200, forMs: 1_000, spacing: 'even' },
    { profile: 'http', steps: GET },
  );
  expect(readers).toMatchObject({ arrived: 200, served: 200, refused: 0, failed: 0 });
  expect(statuses).toEqual({ front: { 200: 200 } });
  truth.sort((one, other) => one - other);
  for (const [percent, ms = 0] of [
    [50, steps.front?.p50_ms],
    [90, steps.front?.p90_ms],
    [99, steps.front?.p99_ms],
  ] as const) {
    const exact = truth[Math.ceil((percent / 100) * truth.length) - 1] ?? 0;
    expect(ms).toBeGreaterThan(0.99 * exact);
    // The way there and back, which the server does not see, is longer on a busy machine: the generator knows how busy.
    const busyMs = generator.late_ms + generator.loop_delay_ms;
    expect(ms).toBeLessThan(1.01 * exact + 25 + 2 * busyMs);
  }
});

test('a page is loaded as a browser loads it, and other hosts are left alone', async () => {
  const asked: string[] = [];
  const { url } = await serve((request, response) => {
    asked.push(`${request.url} ${request.headers['sec-fetch-dest']} ${request.headers['sec-fetch-mode']}`);
    if (request.url === '/app')
      response.setHeader('content-type', 'text/html').end(
        `<link rel="stylesheet" href="a.css?x=1&amp;y=2"><link rel=icon href=/i.png><script src="s.js"></script>
<img src="data:,"><script>inline</script><!-- <img src=old.png> --><script src="https://cdn.example.org/x.js"></script><script src="s.js"></script>`,
      );
    else if (request.url === '/a.css?x=1&y=2')
      response.end(
        '/* url(old.png) */ @import "b.css"; @font-face { src: url(f.eot); src: url(f.ttf), url(f.woff2) } a { background: url("c.png") }',
      );
    else if (request.url === '/s.js') response.writeHead(500).end();
    else response.end();
  });
  const { readers, errors } = await loadTest(`${url}/app`, { readers: 1, forMs: 10 }, { page: 'full' });
  expect(asked.sort()).toEqual([
    '/a.css?x=1&y=2 style no-cors',
    '/app document navigate',
    '/b.css style no-cors',
    '/c.png image no-cors',
    '/f.woff2 font cors',
    '/i.png image no-cors',
    '/s.js script no-cors',
  ]);
  expect(readers.served).toBe(1);
  expect(errors).toMatchObject([{ outcome: 'failed', kind: 'http-500', step: 'static', count: 1 }]);
  asked.length = 0;
  await loadTest(`${url}/app`, { readers: 1, forMs: 10 }, { page: 'none' });
  expect(asked).toHaveLength(1);
});

test('readers keep their own cookies, and stay as long as they are to', async () => {
  const seen = new Map<string, number>();
  let given = 0;
  const { url } = await serve((request, response) => {
    const { cookie } = request.headers;
    if (cookie === undefined) {
      given += 1;
      response.setHeader('set-cookie', `reader=${given}; Path=/; HttpOnly`);
    } else seen.set(cookie, (seen.get(cookie) ?? 0) + 1);
    response.end('<title>An app without a kernel</title>');
  });
  const fixed = (text: string, ms: number) => ({ text, draw: () => ms });
  const { steps } = await loadTest(
    url,
    // All come in the first half, and have left by the end of the run.
    { readers: 5, forMs: 1_000, shape: 'cliff' },
    { stay: fixed('250ms', 250), think: fixed('100ms', 100) },
  );
  expect(given).toBe(5);
  expect([...seen.values()]).toEqual([2, 2, 2, 2, 2]);
  expect(steps.again?.count).toBe(10);
});

test("a Jupyter's page opens the WebSocket again that a node has closed, and its reader goes on", async () => {
  const server = await serve((request, response) => {
    if (request.method === 'POST') response.writeHead(201).end('{"id":"s","kernel":{"id":"k1"}}');
    else response.end('<script id="jupyter-config-data" type="application/json">{}</script>');
  });
  const sockets = new WebSocketServer({ server: server.server });
  let opened = 0;
  sockets.on('connection', (socket) => {
    opened += 1;
    const isFirst = opened === 1;
    socket.on('message', (data) => {
      const { header } = JSON.parse(String(data));
      const type = header.msg_type === 'kernel_info_request' ? 'kernel_info_reply' : 'stream';
      socket.send(JSON.stringify({ msg_type: type, parent_header: header, content: {} }));
      // As where an agent is killed: no closing frame.
      if (isFirst && type === 'stream') socket.terminate();
    });
  });
  const fixed = (ms: number) => ({ text: `${ms}ms`, draw: () => ms });
  const { steps, errors } = await loadTest(
    `${server.url}/user/x/tree`,
    { readers: 1, forMs: 2_000, shape: 'cliff' },
    { stay: fixed(500), think: fixed(200) },
  );
  sockets.close();
  expect([opened, errors, steps.reconnect?.count, steps.cell?.count]).toEqual([2, [], 1, 2]);
});

test("a Jupyter's reader starts a kernel, and is served with its first output", async () => {
  const said: string[] = [];
  const server = await serve((request, response) => {
    said.push(`${request.method} ${request.url} ${request.headers['x-xsrftoken'] ?? ''}`.trim());
    if (request.method === 'POST') response.writeHead(201).end('{"id":"s","kernel":{"id":"k1"}}');
    else
      response
        .setHeader('set-cookie', '_xsrf=2|abc; Path=/user/x/')
        .end('<script id="jupyter-config-data" type="application/json">{}</script>');
  });
  const sockets = new WebSocketServer({ server: server.server });
  sockets.on('connection', (socket, request) => {
    said.push(`WS ${request.url?.replace(/=.*/, '=')} ${request.headers.origin === server.url}`);
    socket.on('message', (data) => {
      const { header } = JSON.parse(String(data));
      const answer = (type: string, content: object) =>
        socket.send(JSON.stringify({ msg_type: type, parent_header: header, content }));
      answer('status', { execution_state: 'busy' });
      if (header.msg_type === 'kernel_info_request') answer('kernel_info_reply', {});
      else answer('stream', { text: '42' });
      said.push(header.msg_type);
    });
  });
  const { steps, readers } = await loadTest(`${server.url}/user/x/notebooks/a%20b.ipynb`, {
    readers: 1,
    forMs: 10,
  });
  sockets.close();
  expect(said).toEqual([
    'GET /user/x/notebooks/a%20b.ipynb',
    'POST /user/x/api/sessions 2|abc',
    'WS /user/x/api/kernels/k1/channels?session_id= true',
    'kernel_info_request',
    'execute_request',
  ]);
  expect(readers.served).toBe(1);
  // Whether the end of the run comes before their leaving, which is not measured then, is by chance.
  expect(Object.keys(steps).filter((step) => step !== 'leave')).toEqual([
    ...['page', 'landed', 'static', 'session', 'websocket', 'kernel', 'output', 'first_output'],
  ]);
});

test('what goes wrong is told apart, with an example without secrets', async () => {
  const answers = [429, 503, 500, 404];
  const { url } = await serve((request, response) => {
    const status = answers.pop();
    if (status === undefined) request.socket.destroy();
    else response.writeHead(status).end();
  });
  const { readers, errors } = await loadTest(`${url}/tree?ticket=secret`, { readers: 5, forMs: 100 });
  expect(readers).toMatchObject({ arrived: 5, served: 0, refused: 2, failed: 3 });
  expect(errors.map(({ outcome, kind }) => `${outcome} ${kind}`).sort()).toEqual([
    ...['failed ECONNRESET', 'failed http-404', 'failed http-500'],
    ...['refused http-429', 'refused http-503'],
  ]);
  expect(JSON.stringify(errors)).toContain('/tree answers 404');
  expect(JSON.stringify(errors)).not.toContain('secret');
});

test('a redirect to another machine is not followed unless that was agreed to', async () => {
  const { url } = await serve((_, response) =>
    response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
  );
  const { errors } = await loadTest(url, { readers: 1, forMs: 10 });
  expect(errors).toMatchObject([
    { kind: 'foreign-host', example: expect.stringContaining('--yes allows it') },
  ]);
});

test('an answer that does not come in time ends the visit', async () => {
  const { url } = await serve(() => undefined);
  const { errors } = await loadTest(url, { readers: 2, forMs: 10 }, {}, { timeoutMs: 50 });
  expect(errors).toMatchObject([{ kind: 'timeout', count: 2 }]);
});

test('readers beyond --max-readers do not start, and the generator says so', async () => {
  const { url } = await serve((_, response) => void setTimeout(() => response.end('ok'), 200));
  const { readers, generator } = await loadTest(url, { readers: 10, forMs: 50 }, {}, { maxReaders: 4 });
  expect(readers.arrived).toBe(4);
  expect(generator).toMatchObject({ skipped: 6 });
  expect(generator.limits.join()).toContain('6 readers did not start');
});

test('the steps of a file: names, JSON, what was saved, and what was expected', async () => {
  const asked: string[] = [];
  const { url } = await serve((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked.push(
        `${request.method} ${request.url} ${Buffer.concat(parts)} ${request.headers['x-key'] ?? ''}`.trim(),
      );
      if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
      else if (request.method === 'POST') response.writeHead(201).end('{"items":[{"id":7}]}');
      else response.end('ok');
    });
  });
  const steps = parseSteps(
    `steps:
  - get: /moved
  - { name: make, post: /items, json: { a: 1 }, expect: 201, save: { id: items.0.id } }
  - think: 1ms
  - { get: '/items/\${id}', headers: { x-key: '\${id}' }, expect: [200, 204] }
  - { name: gone, delete: /items, expect: 404 }
`,
    'x',
  );
  const report = await loadTest(url, { readers: 1, forMs: 10 }, { profile: 'http', steps });
  expect(asked).toEqual(['GET /moved', 'GET /', 'POST /items {"a":1}', 'GET /items/7  7', 'DELETE /items']);
  expect(report.statuses).toEqual({
    step_1: { 200: 1 },
    make: { 201: 1 },
    step_4: { 200: 1 },
    gone: { 200: 1 },
  });
  expect(report.errors).toMatchObject([{ step: 'gone', kind: 'http-200', outcome: 'failed' }]);
});

test.each([
  ['steps: []', /steps: Too small/],
  ['steps: [{ get: x }]', /step 1: get: expected a path/],
  ['steps: [{ get: /, post: / }]', /step 1: .*exactly one of/],
  ['steps: [{ get: / }, { think: soon }]', /step 2: think: expected a time/],
  ['steps: [{ get: /, follows: true }]', /step 1: .*follows/],
  ['steps: {', /is no YAML/],
])('a file that does not fit is refused: %s', (text, message) => {
  expect(() => parseSteps(text, 'x.yaml')).toThrow(message);
});
