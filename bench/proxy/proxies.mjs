// The proxies that are programs of Node. `node proxies.mjs relay|ours|chp|http-proxy-3 <ports as JSON> [dist]`; sends {port}.
import { Agent, createServer as createHttpServer } from 'node:http';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { idOf, KEY } from './rows.mjs';

const [, , role, json, dist] = process.argv;
const ports = JSON.parse(json);
const portOf = new Map(ports.map((port, index) => [idOf(index), port]));
const roles = { relay, ours, chp, 'http-proxy-3': httpProxy3 };
process.on('disconnect', () => process.exit());
await roles[role]();

/** Bytes from one socket to another: of a request it reads the sandbox's id, and nothing else. What a proxy in Node can reach. */
function relay() {
  const idle = new Map(ports.map((port) => [port, []]));
  listen(
    createServer({ noDelay: true }, (reader) => {
      let sandbox;
      const leave = () => {
        if (sandbox === undefined) return;
        sandbox.reader = undefined;
        if (sandbox.isTunnel) sandbox.socket.destroy();
        else idle.get(sandbox.port).push(sandbox);
      };
      reader.on('data', (chunk) => {
        // A request is one packet, and the answer before it has ended.
        if (chunk[0] === 0x47) {
          leave();
          const port = portOf.get(chunk.toString('latin1', 10, 10 + idOf(0).length));
          sandbox = idle.get(port).pop() ?? relayTo(port);
          sandbox.reader = reader;
        } else sandbox.isTunnel = true;
        if (!sandbox.socket.write(chunk)) reader.pause();
      });
      reader.on('drain', () => sandbox?.socket.resume());
      reader.on('error', () => reader.destroy());
      reader.on('close', leave);
    }),
  );
}

function relayTo(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const sandbox = { port, socket, reader: undefined, isTunnel: false };
  socket.on('data', (chunk) => {
    if (sandbox.reader?.write(chunk) === false) socket.pause();
  });
  socket.on('drain', () => sandbox.reader?.resume());
  return sandbox;
}

async function ours() {
  const root = pathToFileURL(`${resolve(dist)}/`);
  const { createProxy } = await import(new URL('node-agent/proxy/proxy.js', root));
  const { serve } = await import(new URL('shared/http/serving.js', root));
  const { admit } = await import(new URL('node-agent/ownership/access.js', root)).catch(() => ({}));
  const rules = {
    nodeId: 'n1',
    trustProxy: false,
    openUrls: false,
    ownOrigin: false,
    credentialedOrigin: '',
  };
  const sandboxes = new Map([...portOf.keys()].map((id) => [id, { id, key: KEY, claimedBy: 'reader' }]));
  const names = new Set(['_xsrf']);
  const proxied = createProxy({
    lookup: (id) => ({ address: { host: '127.0.0.1', port: portOf.get(id) }, token: 'secret' }),
    used: () => undefined,
    failed: () => process.exit(2),
    refuse: (_request, response, { status }) => response.writeHead(status).end(),
    responseHeaders: {},
    framePolicy: () => "frame-ancestors 'self'",
    trustProxy: false,
    // A build from before sandboxes had keys has no check, and needs the prefix.
    ownCookiePrefix: 'tmpfleet_',
    admit: (request, id, target) => admit(request, target, sandboxes.get(id), rules),
    cookies: { names: () => names, learn: () => true },
  });
  const serving = await serve({
    ...{ what: 'the bench', host: '127.0.0.1', port: 0, flag: '--port' },
    handle: (request, response) => {
      if (!proxied.handle(request, response)) response.writeHead(404).end();
    },
    upgrade: (request, socket, head) => {
      if (!proxied.upgrade(request, socket, head)) socket.destroy();
    },
  });
  process.send({ port: serving.port });
}

async function chp() {
  const { ConfigurableProxy } = await import('configurable-http-proxy');
  const none = () => undefined;
  const proxy = new ConfigurableProxy({
    log: { debug: none, info: none, warn: none, error: none },
    ...{ xfwd: true, autoRewrite: true },
  });
  for (const [id, port] of portOf)
    await proxy.addRoute(`/user/${id}`, { target: `http://127.0.0.1:${port}` });
  listen(proxy.proxyServer);
}

/** The library below configurable-http-proxy, as one would use it oneself. */
async function httpProxy3() {
  const fromChp = createRequire(import.meta.resolve('configurable-http-proxy'));
  const { createProxyServer } = await import(pathToFileURL(fromChp.resolve('http-proxy-3')));
  const proxy = createProxyServer({ xfwd: true, ws: true, agent: new Agent({ keepAlive: true }) });
  proxy.on('error', () => undefined);
  const targetOf = ({ url }) => ({ target: `http://127.0.0.1:${portOf.get(url.split('/', 3)[2])}` });
  const server = createHttpServer({ keepAliveTimeout: 65_000 }, (request, response) =>
    proxy.web(request, response, targetOf(request)),
  );
  server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head, targetOf(request)));
  listen(server);
}

function listen(server) {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
    process.send({ port: server.address().port }),
  );
}
