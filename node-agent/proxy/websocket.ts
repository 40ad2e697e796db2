// WebSockets: the handshake by HTTP, then two sockets joined raw. Frames are looked at, never touched.
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { END_GRACE_MS, endSocket } from '../../shared/sockets/end-socket.ts';
import { OWN_STALL_MS } from '../../shared/sockets/stall.ts';
import { FrameScanner } from './frame-scanner.ts';
import { readKeepAlive } from './keep-alive-frames.ts';
import type { OutputWatch } from './output-watch.ts';
import type { SandboxTunnel } from './upstream/handler.ts';
import { ReadBlock } from './upstream/read-blocks.ts';

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
  /** Sees what goes to the reader, until it is over. */
  readonly output?: OutputWatch | undefined;
  /** Undefined where sandboxes are never frozen. Called for each chunk: must be cheap. */
  readonly isFrozen: (() => boolean) | undefined;
  readonly wake: () => void;
}

/** Joins two sockets until both are closed; returns what cuts them. */
export function joinSockets(reader: Socket, tunnel: SandboxTunnel, options: TunnelOptions): () => void {
  const sandbox = tunnel.socket;
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
  const watch = (from: Socket, to: Socket): void => {
    from.on('drain', () => {
      idle?.refresh();
      to.resume();
    });
    from.on('error', () => from.destroy());
    from.once('end', () => {
      to.end();
      linger();
    });
    from.once('close', () => {
      // What has been read is still delivered; what the other side sends from now on is dropped.
      to.end();
      to.resume();
      linger();
      done();
    });
  };
  const [fromReader, fromSandbox] = [new FrameScanner(), new FrameScanner()];
  const noteTo = (
    count: (bytes: number) => void,
    scanner: FrameScanner,
    output?: OutputWatch,
  ): ((chunk: Buffer) => void) => {
    return (chunk) => {
      count(chunk.length);
      idle?.refresh();
      if (scanner.sawData(chunk, output?.isOver === false ? output : undefined)) options.used();
    };
  };
  const noteToSandbox = noteTo(options.toSandbox, fromReader);
  const noteToReader = noteTo(options.toReader, fromSandbox, options.output);
  const toReader = (bytes: Buffer): boolean => {
    if (!reader.writable) return true;
    noteToReader(bytes);
    const isBehind = reader.writableLength > 0;
    return write(reader, bytes) || !isBehind;
  };
  reader.setTimeout(0);
  reader.setNoDelay(true);
  reader.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  watch(reader, sandbox);
  watch(sandbox, reader);
  if (tunnel.rest.length > 0) toReader(tunnel.rest);
  tunnel.onData(toReader);
  /** Thaws the sandbox for all but what keeps the connection open. @returns what it gets: its system keeps that for it */
  const whileFrozen = (chunk: Buffer): Buffer => {
    const isBetween = fromReader.isBetweenFrames && fromSandbox.isBetweenFrames;
    const keepAlive = isBetween ? readKeepAlive(chunk) : undefined;
    if (keepAlive === undefined) {
      options.wake();
      return chunk;
    }
    // Whoever does not read gets no more answers, or they would fill our memory.
    if (reader.writable && !reader.writableNeedDrain && keepAlive.pongs.length > 0) {
      options.toReader(keepAlive.pongs.length);
      reader.write(keepAlive.pongs);
    }
    return keepAlive.rest;
  };
  reader.on('data', (chunk: Buffer) => {
    const isFrozen = options.isFrozen?.() === true;
    const passed = isFrozen ? whileFrozen(chunk) : chunk;
    noteToSandbox(chunk);
    if (passed.length === 0 || !sandbox.writable || sandbox.write(passed)) return;
    reader.pause();
    // Pongs that nobody takes: what comes behind them would not be seen.
    if (isFrozen) options.wake();
  });
  return cut;
}

/** Up to this size, bytes go out as text, which costs less than a copy in memory of their own. */
const MAX_TEXT = 16 * 1024;

/** @param bytes are used, or copied, before this returns */
function write(socket: Socket, bytes: Buffer): boolean {
  if (bytes.length <= MAX_TEXT) return socket.write(bytes.toString('latin1'), 'latin1');
  const copy = ReadBlock.copyOf(bytes);
  return socket.write(copy.bytes, copy.release);
}
