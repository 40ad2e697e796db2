// The servers that ours is compared with, and the stand-in nodes. `node servers.mjs raw|koa|nodes [count]`; sends {port} or {urls}.
import { createServer } from 'node:http';

const LOCATION = 'http://127.0.0.1:1/notebooks/intro.ipynb?x=1';

const roles = { raw, koa, nodes };
await roles[process.argv[2]]();
process.on('disconnect', () => process.exit());

/** The minimum that node:http needs for the same answer. */
function raw() {
  serve((_request, response) => {
    response.writeHead(302, { location: LOCATION, 'cache-control': 'no-store', 'content-length': 0 });
    response.end();
  });
}

async function koa() {
  const { default: Koa } = await import('koa');
  const app = new Koa();
  app.use((context) => {
    context.status = 302;
    context.set({ location: LOCATION, 'cache-control': 'no-store', 'content-length': '0' });
    context.body = null;
    context.status = 302;
  });
  serve(app.callback());
}

/** Nodes that are never full: each reports a million warm sandboxes. */
async function nodes() {
  const urls = [];
  for (let index = 0; index < Number(process.argv[3] ?? 4); index += 1)
    urls.push(await node(`bench-${index}`));
  process.send({ urls });
}

function node(name) {
  let seq = 0;
  const many = 1_000_000;
  const server = createServer((_request, response) => {
    seq += 1;
    const fleet = {
      ...{ protocol: 1, node: name, boot: 'bench', seq, state: 'ready', warm: many, starting: 0, held: 0 },
      ...{ capacity: many, image: 'bench', claims: 0, ended: {}, seen: {}, load: 0 },
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ available: many, capacity: many, version: '1', container_image: 'bench', fleet }),
    );
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}

function serve(handle) {
  const server = createServer({ keepAliveTimeout: 65_000 }, handle);
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
    process.send({ port: server.address().port }),
  );
}
