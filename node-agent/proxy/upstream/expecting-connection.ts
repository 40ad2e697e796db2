// One request whose reader waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1). The sandbox gets the head
// with the expectation and answers it. undici refuses `Expect`, and holds the head back until a body comes; Node's client
// does neither. Such requests are rare, so each has a connection of its own.
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import type { Address } from '../../engine/engine.ts';
import { connectTo, MAX_HEADER_BYTES } from './connect.ts';

export interface ExpectingRequest {
  readonly path: string;
  readonly method: string;
  /** Names and values in turn, without `Expect`. */
  readonly headers: readonly string[];
  readonly body: Readable | null;
  /** ms; 0 is no limit. */
  readonly headersTimeout: number;
}

export class ExpectingConnection {
  readonly #address: Address;
  readonly #onClosed: () => void;
  #outgoing: ClientRequest | undefined;
  #incoming: IncomingMessage | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: Address, onClosed: () => void) {
    this.#address = address;
    this.#onClosed = onClosed;
  }

  /** Nothing is sent a second time. */
  get hasWritten(): boolean {
    return true;
  }

  get wasClosedUnanswered(): boolean {
    return false;
  }

  dispatch(
    { path, method, headers, body, headersTimeout }: ExpectingRequest,
    handler: Dispatcher.DispatchHandler,
  ): void {
    let isOver = false;
    const fail = (error: Error): void => {
      clearTimeout(this.#timer);
      if (isOver) return;
      isOver = true;
      handler.onResponseError?.(controllerOf([]), error);
    };
    const controllerOf = (rawHeaders: readonly string[]): Dispatcher.DispatchController => ({
      aborted: false,
      paused: false,
      reason: null,
      rawHeaders: [...rawHeaders],
      rawTrailers: [],
      abort: (error: Error) => {
        fail(error);
        this.destroy();
      },
      pause: () => this.pause(),
      resume: () => this.resume(),
    });
    try {
      this.#outgoing = request({
        path,
        method,
        headers: expecting(headers),
        maxHeaderSize: MAX_HEADER_BYTES,
        createConnection: () =>
          connectTo(this.#address, new Socket(), (...[error]) => {
            if (error === null) handler.onRequestStart?.(controllerOf([]), undefined);
            else fail(error);
          }),
      });
    } catch (error) {
      fail(new errors.InvalidArgumentError(error instanceof Error ? error.message : String(error)));
      return;
    }
    const outgoing = this.#outgoing;
    if (headersTimeout > 0) {
      this.#timer = setTimeout(() => {
        fail(new errors.HeadersTimeoutError());
        this.destroy();
      }, headersTimeout);
    }
    body?.on('data', () => this.#timer?.refresh());
    outgoing.on('information', ({ statusCode, rawHeaders }) => {
      handler.onResponseStart?.(controllerOf(rawHeaders), statusCode, {});
    });
    outgoing.on('response', (incoming) => {
      clearTimeout(this.#timer);
      this.#incoming = incoming;
      const { statusCode = 0, statusMessage, rawHeaders } = incoming;
      const controller = controllerOf(rawHeaders);
      incoming.on('error', fail);
      handler.onResponseStart?.(controller, statusCode, {}, statusMessage);
      incoming.on('data', (chunk: Buffer) => handler.onResponseData?.(controller, chunk));
      incoming.once('end', () => {
        if (isOver) return;
        isOver = true;
        handler.onResponseEnd?.(controller, {});
      });
    });
    outgoing.on('upgrade', (_incoming, socket) => {
      socket.destroy();
      fail(new errors.SocketError('the sandbox changed protocols'));
    });
    outgoing.on('error', fail);
    outgoing.once('close', () => {
      fail(new errors.SocketError('the sandbox closed the connection'));
      this.#onClosed();
    });
    body?.pipe(outgoing);
  }

  pause(): void {
    this.#incoming?.pause();
  }

  resume(): void {
    this.#incoming?.resume();
  }

  destroy(): void {
    this.#onClosed();
    clearTimeout(this.#timer);
    this.#outgoing?.destroy();
  }
}

/** Node would send the body of some methods without any framing if neither length nor coding stood here. */
function expecting(headers: readonly string[]): readonly string[] {
  const isSized = headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-length');
  return [
    ...headers,
    ...(isSized ? [] : ['transfer-encoding', 'chunked']),
    'expect',
    '100-continue',
    'connection',
    'close',
  ];
}
