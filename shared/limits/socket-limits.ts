// Limits the open WebSockets of each sandbox and of each client. A silent one costs two descriptors for as long as its
// peer likes, and every sandbox of the node shares those.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { OpenCounts } from '../collections/open-counts.ts';

export interface SocketLimitOptions {
  /** Most WebSockets of one sandbox. Default: no limit. */
  readonly socketsPerSandbox?: number;
  /** Most WebSockets of one client. Default: no limit. */
  readonly socketsPerClient?: number;
  /** The client of a request; undefined for one whose WebSockets are not limited. */
  readonly clientOf?: (request: IncomingMessage) => string | undefined;
}

export class SocketLimits {
  readonly #ofSandbox: OpenCounts;
  readonly #ofClient: OpenCounts;
  readonly #clientOf: (request: IncomingMessage) => string | undefined;

  constructor({ socketsPerSandbox, socketsPerClient, clientOf }: SocketLimitOptions) {
    this.#ofSandbox = new OpenCounts(socketsPerSandbox ?? Number.POSITIVE_INFINITY);
    this.#ofClient = new OpenCounts(socketsPerClient ?? Number.POSITIVE_INFINITY);
    this.#clientOf = clientOf ?? (() => undefined);
  }

  /** Counts a WebSocket from its request on, not from the sandbox's answer, until `socket` closes. False: one too many. */
  admit(id: string, request: IncomingMessage, socket: Socket): boolean {
    const closeSandbox = this.#ofSandbox.open(id);
    if (closeSandbox === undefined) return false;
    const client = this.#clientOf(request);
    const closeClient = client === undefined ? undefined : this.#ofClient.open(client);
    if (client !== undefined && closeClient === undefined) {
      closeSandbox();
      return false;
    }
    socket.once('close', () => {
      closeSandbox();
      closeClient?.();
    });
    return true;
  }
}
