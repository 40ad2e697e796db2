// WebSockets: the handshake by HTTP, then two sockets joined raw. Frames are looked at, never touched.
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { END_GRACE_MS, endSocket } from '../../shared/sockets/end-socket.ts';
import { OWN_STALL_MS } from '../../shared/sockets/stall.ts';
import { FrameScanner } from './frame-scanner.ts';

/** How long one side may go on after the other has ended, while bytes still move; without any, it is `END_GRACE_MS`. */
const LINGER_MS = 30_000;
const TCP_KEEP_ALIVE_MS = 60_000;

/**
 * Node lets go of a socket that asks for an upgrade; this puts an ordinary response on it, for refusals.
 * Undefined when an earlier, pipelined request is still being answered there: nothing may be written between.
 */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse | undefined {
  if (!(socket instanceof Socket)) return undefined;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  try {
    response.assignSocket(socket);
  } catch {
    return undefined;
  }
  const drained = (): void => {
    response.emit('drain');
  };
  socket.on('drain', drained);
  // A reader who does not read the answer. A request that goes on to a sandbox has its own limit.
  socket.setTimeout(OWN_STALL_MS, () => socket.destroy());
  response.once('finish', () => {
    response.detachSocket(socket);
    socket.off('drain', drained);
    endSocket(socket);
  });
  return response;
}

/** The handshake's answer; `headers` without `Connection` and `Upgrade`. Takes the socket off `response`. */
export function agree(
  response: ServerResponse,
  socket: Socket,
  protocol: string,
  headers: readonly string[],
): void {
  response.detachSocket(socket);
  let head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  socket.write(`${head}\r\n`, 'latin1');
}

export interface TunnelOptions {
  readonly used: () => void;
  readonly toSandbox: (bytes: number) => void;
  readonly toReader: (bytes: number) => void;
  readonly closed: () => void;
}

/** Joins two sockets until both are closed; returns what cuts them. */
export function joinSockets(reader: Socket, sandbox: Duplex, options: TunnelOptions): () => void {
  let longest: NodeJS.Timeout | undefined;
  let idle: NodeJS.Timeout | undefined;
  let open = 2;
  const cut = (): void => {
    reader.destroy();
    sandbox.destroy();
  };
  const linger = (): void => {
    longest ??= setTimeout(cut, LINGER_MS);
    idle ??= setTimeout(cut, END_GRACE_MS);
  };
  const done = (): void => {
    open -= 1;
    if (open > 0) return;
    clearTimeout(longest);
    clearTimeout(idle);
    options.closed();
  };
  const carryOn = (from: Duplex, to: Duplex, count: (bytes: number) => void): void => {
    const scanner = new FrameScanner();
    from.on('data', (chunk: Buffer) => {
      count(chunk.length);
      idle?.refresh();
      if (scanner.sawData(chunk)) options.used();
    });
    from.on('drain', () => idle?.refresh());
    from.on('error', () => from.destroy());
    from.once('end', linger);
    from.once('close', () => {
      // What has been read is still delivered; what the other side sends from now on is dropped.
      to.end();
      to.resume();
      linger();
      done();
    });
    from.pipe(to);
  };
  reader.setTimeout(0);
  reader.setNoDelay(true);
  reader.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  carryOn(reader, sandbox, options.toSandbox);
  carryOn(sandbox, reader, options.toReader);
  return cut;
}
