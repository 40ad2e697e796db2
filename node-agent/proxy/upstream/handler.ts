// What the proxy gives to a connection for each request, and what it gets when the sandbox changes protocols.
import type { Socket } from 'node:net';
import type { ResponseHead } from './head.ts';
import type { ResponseSink } from './response-reader.ts';

/** What becomes of one request. After `onEnd`, `onUpgrade` or `onError` nothing is called any more. */
export interface ResponseHandler extends Pick<ResponseSink, 'onHead' | 'onData' | 'onEnd'> {
  /** The request is about to be written. */
  readonly onStart: () => void;
  /** All that came in one read has been given. */
  readonly onReadEnd: () => void;
  /** The sandbox changed protocols: the connection is the handler's from now on. */
  readonly onUpgrade: (head: ResponseHead, tunnel: SandboxTunnel) => void;
  readonly onError: (error: Error) => void;
}

/** The sandbox's side of another protocol than HTTP. */
export interface SandboxTunnel {
  /** It is no stream of what comes from the sandbox. */
  readonly socket: Socket;
  /** What came behind the head, valid until `onUpgrade` returns. */
  readonly rest: Buffer;
  /** @param read gets what comes, valid until it returns; false makes the sandbox wait until `socket.resume()` */
  readonly onData: (read: (bytes: Buffer) => boolean) => void;
}
