// One HTTP server: listening with a clear word about a taken port, and a close that lets readers finish.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorBody } from '../api/error.ts';
import { errorCode, FleetError } from '../errors.ts';
import { answerError } from './answer.ts';
import { findHostFault } from './host.ts';

export interface ServeOptions {
  /** What listens, for error messages: `the redirector's public address`. */
  readonly what: string;
  readonly host: string;
  readonly port: number;
  /** The flag that would choose another port. */
  readonly flag: string;
  /** ms without a byte either way, in the midst of a request, after which a connection is cut. Ten minutes unless told. */
  readonly stallTimeout?: number;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface Serving {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:9000`; an unspecified host is shown as loopback, which reaches it. */
  readonly url: string;
  /** How many are open just now, those of WebSockets among them. */
  readonly connections: () => Promise<number>;
  /** Stops accepting, lets open requests finish for `graceMs`, then cuts what is left (WebSockets among it). */
  close(graceMs?: number): Promise<void>;
}

/** A connection on which nothing has moved for so long while a request is under way is given up; long polls are shorter. */
const STALL_TIMEOUT_MS = 600_000;

/** Requests larger than this in headers are refused by the server itself (431). */
const MAX_HEADER_BYTES = 32 * 1024;

export async function serve(options: ServeOptions): Promise<Serving> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    // A reader may upload for as long as bytes flow, but must send the headers promptly.
    headersTimeout: 20_000,
    // Or who is late with them is found out half a minute later.
    connectionsCheckingInterval: 5_000,
    requestTimeout: 0,
    keepAliveTimeout: 65_000,
    // `findHostFault` says what is missing.
    requireHostHeader: false,
  });
  const stallTimeout = options.stallTimeout ?? STALL_TIMEOUT_MS;
  const upgraded = new Set<Socket | Duplex>();
  server.on('request', (request, response) => {
    const fault = findHostFault(request);
    if (fault !== undefined) {
      response.setHeader('connection', 'close');
      answerError(response, 'bad-request', fault);
      return;
    }
    options.handle(request, response);
    // Most redirects are out by now, and `server.setTimeout` would set a timer for each of them: more than drawing a node.
    if (!response.writableEnded || request.socket.writableLength > 0) request.socket.setTimeout(stallTimeout);
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const fault = options.upgrade === undefined ? 'this listener has no WebSockets' : findHostFault(request);
    if (options.upgrade === undefined || fault !== undefined) {
      refuse(socket, '400 Bad Request', fault);
      return;
    }
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    options.upgrade(request, socket, head);
  });
  server.on('clientError', refuseMalformed);
  await listen(server, options);
  const { port } = addressOf(server);
  return {
    host: options.host,
    port,
    url: `http://${reachable(options.host)}:${port}`,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    close: (graceMs = 5_000) => close(server, upgraded, graceMs),
  };
}

/** Whether only this machine can reach a listener on `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function listen(server: Server, options: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, options)));
    server.listen({ host: options.host, port: options.port, backlog: 4096 }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function listenError(cause: Error, { what, host, port, flag }: ServeOptions): FleetError {
  const code = errorCode(cause);
  const where = `port ${port} on ${host}`;
  if (code === 'EADDRINUSE') {
    return new FleetError('port-taken', `${where} is taken, and ${what} needs it`, {
      cause,
      remedy: `stop what listens there, or choose another with ${flag}`,
    });
  }
  if (code === 'EACCES') {
    return new FleetError('port-taken', `${where} may not be used by this user, and ${what} needs it`, {
      cause,
      remedy: `choose one above 1023 with ${flag}`,
    });
  }
  return new FleetError('port-taken', `${what} cannot listen on ${where}: ${cause.message}`, { cause });
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not listening on TCP');
  return address;
}

async function close(server: Server, upgraded: ReadonlySet<Duplex>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = (): void => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  };
  if (graceMs <= 0) cut();
  const timer = setTimeout(cut, graceMs);
  // Kept-alive connections become idle as their last response ends; without this they would hold the close up.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(timer);
  clearInterval(idle);
  for (const socket of upgraded) socket.destroy();
}

function refuseMalformed(error: Error, socket: Duplex): void {
  const code = errorCode(error);
  if (!socket.writable || code === 'ECONNRESET') socket.destroy();
  else if (code === 'HPE_HEADER_OVERFLOW') refuse(socket, '431 Request Header Fields Too Large');
  else if (code === 'ERR_HTTP_REQUEST_TIMEOUT') refuse(socket, '408 Request Timeout');
  else
    refuse(
      socket,
      '400 Bad Request',
      error.message.replace(/^Parse Error: /, 'the request is not valid HTTP: '),
    );
}

/** Answers where there is no response object, and ends the connection. */
function refuse(socket: Duplex, status: string, fault?: string): void {
  const body = fault === undefined ? '' : JSON.stringify(errorBody('bad-request', fault));
  const type = body === '' ? '' : 'Content-Type: application/json; charset=utf-8\r\n';
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n${type}${length}\r\n\r\n${body}`);
}
