// Serves the page at the base path and every path below it, and evaluates what arrives over the WebSocket.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { pageHeaders, renderPage } from '../../../shared/http/page.ts';
import { endSocket } from '../../../shared/sockets/end-socket.ts';
import type { Evaluator } from './evaluator.ts';
import { scratchpadPage } from './page.ts';

export interface ScratchpadOptions {
  /** `/user/<id>/` */
  readonly basePath: string;
  readonly evaluator: Evaluator;
}

export interface Scratchpad {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Longest program that is accepted; bytes. */
const MAX_CODE = 256 * 1024;

const messageSchema = z.object({ code: z.string() });

export function createScratchpad({ basePath, evaluator }: ScratchpadOptions): Scratchpad {
  const base = basePath.endsWith('/') ? basePath : `${basePath}/`;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_CODE });
  const readers = new Set<WebSocket>();
  const tellAll = (text: string): void => {
    for (const reader of readers) reader.send(text);
  };
  evaluator.onEntry = (entry) => tellAll(JSON.stringify(entry));

  return {
    handle: (request, response) => {
      const path = pathOf(request);
      if (path !== base.slice(0, -1) && !path.startsWith(base)) {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('Not here.\n');
        return;
      }
      const page = scratchpadPage({ base, path: path.slice(base.length) });
      response
        .writeHead(200, pageHeaders(page, 'frame-ancestors *'))
        .end(request.method === 'HEAD' ? undefined : renderPage(page));
    },
    upgrade: (request, socket, head) => {
      if (pathOf(request) !== `${base}socket`) {
        endSocket(socket, 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (reader) => {
        readers.add(reader);
        reader.once('close', () => readers.delete(reader));
        // A lost connection is not an error of the server; `close` follows.
        reader.on('error', () => reader.terminate());
        reader.on('message', (data) => {
          const message = parse(String(data));
          if (message !== undefined) evaluator.evaluate(message.code);
        });
      });
    },
  };
}

/** Undefined for a message that our page would never send. */
function parse(text: string): z.infer<typeof messageSchema> | undefined {
  try {
    return messageSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').replace(/[?#].*$/s, '');
}
