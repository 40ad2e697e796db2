// Starts one HTTP server, with a clear error for a taken port, and closes it so that readers can finish.
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorBody } from '../api/error.ts';
import { type Brand, OWN_BRAND } from '../brand/brand.ts';
import { errorCode, FleetError } from '../errors.ts';
import type { TimedPart } from '../reader-times/server-timing.ts';
import { BeneathTls } from '../sockets/beneath-tls.ts';
import {
  type ConnectionLimits,
  limitConnections,
  NO_CONNECTION_LIMITS,
  type RefusedConnections,
} from '../sockets/connection-limits.ts';
import { endSocket } from '../sockets/end-socket.ts';
import { limitStall, StallingRequest } from '../sockets/stall.ts';
import { createTlsServer, type RenewedPair } from '../sockets/tls-server.ts';
import { refuseLateHead } from '../sockets/unread.ts';
import { answerError } from './answer.ts';
import { frameAncestors, framedResponses } from './embedding.ts';
import { findHostFault } from './host.ts';
import { refuseExpectation } from './read-body.ts';

export interface ServeOptions {
  /** Name of the listener, for error messages: `the redirector's public address`. */
  readonly what: string;
  readonly host: string;
  readonly port: number;
  /** The flag that sets the port. */
  readonly flag: string;
  /** The certificate to show; default: plain HTTP. */
  readonly tls?: RenewedPair | undefined;
  /** Default: none. */
  readonly limits?: ConnectionLimits;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** How long a connection may be idle between two requests. ms; default 65 s */
  readonly keepAliveTimeoutMs?: number;
  /** How long a request's head may take; a third more at most, for what looks at it. ms; default 15 s */
  readonly headTimeoutMs?: number;
  /** Who may show its pages in a frame; default: no other site. */
  readonly framePolicy?: () => string;
  /** How its pages look and speak; default: ours. */
  readonly brand?: Brand;
  /** Whose answers say how long they took; default: none do. */
  readonly part?: TimedPart;
}

export interface Serving {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:9000`, or `https://…`; an unspecified host is shown as loopback, which reaches it. */
  readonly url: string;
  /** Number of open connections, WebSockets included. */
  readonly connections: () => Promise<number>;
  readonly refused: Readonly<RefusedConnections>;
  /** Undefined for plain HTTP. */
  readonly certificate: RenewedPair | undefined;
  /** Stops accepting, lets open requests finish for `graceMs`, then cuts the remaining connections, WebSockets included. */
  close(graceMs?: number): Promise<void>;
}

const HEAD_TIMEOUT_MS = 15_000;
/** Largest header section of a request; the server itself refuses a larger one (431). */
const MAX_HEADER_BYTES = 32 * 1024;

export async function serve(options: ServeOptions): Promise<Serving> {
  const { headTimeoutMs = HEAD_TIMEOUT_MS } = options;
  const settings: ServerOptions = {
    IncomingMessage: StallingRequest,
    ServerResponse: framedResponses({
      framePolicy: options.framePolicy ?? (() => frameAncestors([])),
      brand: options.brand ?? OWN_BRAND,
      part: options.part ?? '',
    }),
    maxHeaderSize: MAX_HEADER_BYTES,
    // From the first byte, or from the connection while it is silent.
    headersTimeout: headTimeoutMs,
    connectionsCheckingInterval: headTimeoutMs / 3,
    // An upload to a sandbox may take as long as bytes flow; `limitStall` limits the bodies that we read ourselves.
    requestTimeout: 0,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 65_000,
    // `findHostFault` gives a better message.
    requireHostHeader: false,
  };
  const { tls } = options;
  const server = tls === undefined ? createServer(settings) : createTlsServer(settings, tls);
  const beneath = new BeneathTls(server);
  const refused = limitConnections(server, options.limits ?? NO_CONNECTION_LIMITS, beneath);
  const upgraded = new Set<Socket | Duplex>();
  // No WeakMap: collecting its entries cost a fifth of a redirect on a new connection (bench/results/redirect-weakmap.md).
  const latest = new Map<Duplex, ServerResponse>();
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.once('close', () => latest.delete(socket));
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    latest.set(request.socket, response);
    const fault = findHostFault(request);
    if (fault !== undefined) {
      response.setHeader('connection', 'close');
      answerError(response, 'bad-request', fault);
      return;
    }
    options.handle(request, response);
    limitStall(request, response);
  };
  // Without the second, Node would ask for every body that waits to be asked for. See `askForBody`.
  server.on('request', onRequest).on('checkContinue', onRequest);
  server.on('checkExpectation', refuseExpectation);
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
  server.on('clientError', (error, socket) => {
    const refuse = (): void => refuseInTurn(error, socket, latest.get(socket));
    if (errorCode(error) !== 'ERR_HTTP_REQUEST_TIMEOUT') return refuse();
    const last = (): unknown => upgraded.has(socket) || latest.get(socket);
    refuseLateHead({ socket, latest: last, refuse, timeoutMs: headTimeoutMs });
  });
  await listen(server, options);
  const { port } = addressOf(server);
  return {
    host: options.host,
    port,
    url: `http${tls === undefined ? '' : 's'}://${reachable(options.host)}:${port}`,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    refused,
    certificate: tls,
    close: (graceMs = 5_000) => close({ server, upgraded, beneath }, graceMs),
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

function listen(server: Server | HttpsServer, options: ServeOptions): Promise<void> {
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

function addressOf(server: Server | HttpsServer): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not listening on TCP');
  return address;
}

interface Open {
  readonly server: Server | HttpsServer;
  readonly upgraded: ReadonlySet<Duplex>;
  readonly beneath: Pick<BeneathTls, 'destroyHandshaking'>;
}

async function close({ server, upgraded, beneath }: Open, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = (): void => {
    server.closeAllConnections();
    beneath.destroyHandshaking();
    for (const socket of upgraded) socket.destroy();
  };
  if (graceMs <= 0) cut();
  const timer = setTimeout(cut, graceMs);
  // Keep-alive connections become idle when their last response ends; without this, they would delay the close.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(timer);
  clearInterval(idle);
  for (const socket of upgraded) socket.destroy();
}

/** Whose refusal waits for them to be closed. */
const awaited = new WeakSet<ServerResponse>();

/**
 * Behind the responses that are due to good requests before it, never within one (RFC 9112 §9.3.2).
 * @param latest the response to the last request of which the head was good
 */
function refuseInTurn(error: Error, socket: Duplex, latest: ServerResponse | undefined): void {
  const isCut = errorCode(error) === 'ECONNRESET';
  const isTaken = latest?.req.complete === true || latest?.writableEnded === true;
  if (latest === undefined || latest.destroyed || isCut) refuseMalformed(error, socket);
  else if (isTaken && latest.shouldKeepAlive && !latest.writableFinished) {
    // Each further packet of the client comes here, too.
    if (!awaited.has(latest)) latest.once('close', () => refuseMalformed(error, socket));
    awaited.add(latest);
  } else if (isTaken && latest.shouldKeepAlive) refuseMalformed(error, socket);
  // The fault is in the body of a request that is being answered.
  else if (!isTaken && latest.headersSent) socket.destroy();
  else if (!isTaken) refuseMalformed(error, socket);
  // Otherwise the connection ends with this response, and nothing behind its request counts (RFC 9112 §9.6).
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

/** Sends an answer where there is no response object, and ends the connection. */
function refuse(socket: Duplex, status: string, fault?: string): void {
  const body = fault === undefined ? '' : JSON.stringify(errorBody('bad-request', fault));
  const type = body === '' ? '' : 'Content-Type: application/json; charset=utf-8\r\n';
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  endSocket(socket, `HTTP/1.1 ${status}\r\nConnection: close\r\n${type}${length}\r\n\r\n${body}`);
}
