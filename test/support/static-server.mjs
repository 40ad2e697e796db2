// A program with static files, ordinary ones and odd ones, the same in every sandbox; and it answers what its reader tells it to.
// Arguments: base path with slashes at both ends, address, port.
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const [base, host, port] = process.argv.slice(-3);
const JS = { 'content-type': 'application/javascript' };
const DAY = { ...JS, 'cache-control': 'max-age=86400' };
const text = (name) =>
  `export const name = "${name}";\n${'// the same in every sandbox of the image\n'.repeat(200)}`;
const digest = (body) => createHash('sha256').update(body).digest('hex');
/** Their names have a hash: nothing else has to be said about them. */
const hashed = (name) => `static/${name}.0a1b2c3d4e5f.js`;
const MIB = 1024 ** 2;
/** Of this process alone. In containers two processes may have the same pid. */
const MARK = randomUUID();

/** What this process was told to answer from now on, by path; and how often it was asked. */
const told = new Map();
const asked = new Map();

const FILES = {
  'static/app.js': { headers: { ...DAY, etag: `"one"`, 'last-modified': 'Sat, 28 Nov 2026 10:00:00 GMT' } },
  'static/changing.js': { headers: { ...JS, 'cache-control': 'no-cache', etag: `"two"` } },
  [hashed('hashed')]: { headers: { ...JS, 'cache-control': 'no-cache' } },
  'static/base.css': {
    headers: { 'content-type': 'text/css', 'cache-control': 'max-age=86400', link: `<${base}static/app.js>` },
  },
  'static/version.js': { headers: DAY, body: (query) => `export const version = "${query}";` },
  'static/custom/custom.js': { headers: DAY },
  'static/data.bin': {
    headers: { 'content-type': 'application/octet-stream', 'cache-control': 'max-age=86400' },
  },
  'files/static/app.js': { headers: DAY },
  'api/static/app.js': { headers: DAY },
  [hashed('names-itself')]: { headers: JS, body: () => `export const base = "${base}";` },
  [hashed('process')]: { headers: JS, body: () => `export const mark = "${MARK}"; // ${base.length}` },
  [hashed('cookie')]: { headers: { ...JS, 'set-cookie': 'a=1' } },
  [hashed('vary')]: { headers: { ...JS, vary: 'Cookie' } },
  [hashed('private')]: { headers: { ...JS, 'cache-control': 'private, max-age=86400' } },
  [hashed('no-store')]: { headers: { ...JS, 'cache-control': 'no-store' } },
  [hashed('page')]: { headers: { 'content-type': 'text/html' } },
  [hashed('tag')]: { headers: { ...JS, etag: `"${MARK}"` } },
  [hashed('huge')]: { headers: JS, body: () => Buffer.alloc(20 * MIB, 'x') },
  [hashed('endless')]: { headers: JS, mode: 'endless' },
  [hashed('silent')]: { headers: JS, mode: 'silent' },
  [hashed('slow')]: { headers: JS, mode: 'slow' },
  [hashed('broken')]: { headers: JS, mode: 'broken' },
  [hashed('forbidden')]: { status: 403, headers: JS },
};

/** Waits, as a server does for its data. */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

function send(response, { status = 200, headers = {}, body, mode }, name, query) {
  const content = Buffer.from(typeof body === 'function' ? body(query) : (body ?? text(name)));
  if (mode === 'silent') return;
  if (mode === 'endless' || mode === 'slow') {
    response.writeHead(status, headers);
    const timer = setInterval(
      () => response.write(mode === 'slow' ? 'x' : Buffer.alloc(MIB)),
      mode === 'slow' ? 100 : 1,
    );
    response.on('error', () => undefined).once('close', () => clearInterval(timer));
    return;
  }
  response.writeHead(status, { ...headers, 'content-length': content.length });
  if (mode === 'broken') response.write(content.subarray(0, 10), () => response.destroy());
  else response.end(content);
}

createServer(async (request, response) => {
  const [path, query = ''] = (request.url ?? '').split('?');
  const name = path.startsWith(base) ? path.slice(base.length) : undefined;
  const reply = (body) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (name === '') return reply({ base });
  if (name === 'tell') {
    let body = '';
    for await (const chunk of request) body += chunk;
    for (const [each, answer] of Object.entries(JSON.parse(body))) told.set(each, answer);
    return reply({ told: [...told.keys()] });
  }
  if (name === 'asked') return reply(Object.fromEntries(asked));
  if (name === 'digest') return reply(digest(text(query)));
  asked.set(name, (asked.get(name) ?? 0) + 1);
  if (name === hashed('late')) await until(() => told.has(name));
  const answer = told.get(name) ?? FILES[name];
  if (answer === undefined)
    return response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here');
  send(response, answer, name, query);
}).listen(Number(port), host);
