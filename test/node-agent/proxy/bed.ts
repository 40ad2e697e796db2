// A real proxy in front of real servers on loopback, for the proxy's tests.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import {
  createProxy,
  type Lookup,
  type ProxyOptions,
  type Refusal,
} from '../../../node-agent/proxy/proxy.ts';
import { serve } from '../../../shared/http/serving.ts';

export const ID = 'abcdefgh234567';

export interface Bed {
  readonly port: number;
  readonly url: string;
  readonly proxy: ReturnType<typeof createProxy>;
  /** What `lookup` answers; the sandbox `ID` exists from the start. */
  readonly sandboxes: Map<string, Lookup>;
  readonly used: string[];
  readonly failed: string[];
  readonly refusals: Refusal[];
}

/** @param upstreamPort where the sandbox `ID` listens */
export async function startBed(upstreamPort: number, options: Partial<ProxyOptions> = {}): Promise<Bed> {
  const sandboxes = new Map<string, Lookup>([[ID, found(upstreamPort)]]);
  const used: string[] = [];
  const failed: string[] = [];
  const refusals: Refusal[] = [];
  const proxy = createProxy({
    lookup: (id) => sandboxes.get(id) ?? 'gone',
    used: (id) => used.push(id),
    failed: (id) => failed.push(id),
    refuse: (_request, response, refusal) => {
      refusals.push(refusal);
      response.writeHead(refusal.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ reason: refusal.reason }));
    },
    responseHeaders: {},
    framePolicy: () => "frame-ancestors 'self'",
    trustProxy: false,
    admit: (_request, _id, target) => ({ target, inert: false }),
    cookies: { names: () => new Set(), learn: () => true },
    ...options,
  });
  const serving = await serve({
    what: 'a test',
    host: '127.0.0.1',
    port: 0,
    flag: '--port',
    handle: (request, response) => {
      if (!proxy.handle(request, response)) response.writeHead(418).end('not under /user/');
    },
    upgrade: (request, socket, head) => {
      if (!proxy.upgrade(request, socket, head))
        socket.end('HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n');
    },
  });
  onTestFinished(async () => {
    await proxy.close();
    await serving.close(0);
  });
  return { port: serving.port, url: serving.url, proxy, sandboxes, used, failed, refusals };
}

export function found(port: number, token?: string): Lookup {
  return { address: { host: '127.0.0.1', port }, token };
}

/** An HTTP server on a free port, ended with the test. */
export function startHttp(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<ReturnType<typeof createServer> & { readonly port: number }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handler);
  return listen(server, () => server.closeAllConnections());
}

/** A TCP server that answers with any bytes, ended with the test. */
export function startTcp(handler: (socket: Socket) => void): Promise<Server & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    handler(socket);
  });
  return listen(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

/** Answers each request (recognized by its blank line) with the same bytes. */
export function startCanned(bytes: string): Promise<Server & { readonly port: number }> {
  return startTcp((socket) => {
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      for (let at = seen.indexOf('\r\n\r\n'); at >= 0; at = seen.indexOf('\r\n\r\n')) {
        seen = seen.slice(at + 4);
        socket.write(bytes, 'latin1');
      }
    });
  });
}

function listen<T extends Server>(server: T, cut: () => void): Promise<T & { readonly port: number }> {
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address() as AddressInfo;
      resolve(Object.assign(server, { port: address.port }));
    });
  });
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface RawAnswer {
  readonly text: string;
  /** How the connection ended. */
  readonly end: 'fin' | 'reset';
}

/** Sends bytes unchanged and reads until the other side closes (send `Connection: close`). */
export function exchangeRaw(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.once('end', () => resolve({ text, end: 'fin' }));
    socket.once('error', () => resolve({ text, end: 'reset' }));
  });
}

export interface Answer {
  readonly status: number;
  readonly reason: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly raw: readonly string[];
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** One request on a connection of its own; rejects when the answer breaks off. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: Ask = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', path, method, headers, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('latin1');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          reason: incoming.statusMessage,
          headers: incoming.headers,
          raw: incoming.rawHeaders,
          body: text,
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Waits until `holds` returns true; fails after 10 s with `what`. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (holds()) return;
    await delay(10);
  }
  throw new Error(`waited in vain until ${what}`);
}
