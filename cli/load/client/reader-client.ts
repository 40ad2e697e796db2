// The HTTP side of one reader's browser: connections of its own, six to a host at most, its own cookies, and a source address.
// Nothing is shared with other readers, because a fleet must bear their connections, too.
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type LookupFunction, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { WebSocket } from 'ws';
import { BodyCollector } from '../../../shared/http/read-body.ts';
import { type BrowserRequest, browserHeaders } from '../../../shared/reader/browser-headers.ts';
import { CookieJar } from '../../../shared/reader/cookie-jar.ts';
import { lookUp } from '../../../shared/reader/localhost.ts';

/** As browsers do over HTTP/1.1. */
const CONNECTIONS_PER_HOST = 6;
/** Of a page or an answer that is read; what is only fetched may be of any size. */
const TEXT_LIMIT = { bytes: 16 * 1024 * 1024, what: 'the page' };

export interface ReaderClientOptions {
  /** The address that the reader comes from; undefined for whatever the system chooses. */
  readonly from: string | undefined;
  /** Longest time until an answer is complete. ms */
  readonly timeoutMs: number;
  /** Whether a request may go to this host (as `URL.hostname` gives it): where a redirect leads is not in the operator's hand. */
  readonly mayReach: (host: string) => boolean;
}

export interface ClientRequestOptions extends BrowserRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether the body is wanted; otherwise it is received and dropped. */
  readonly isRead?: boolean;
  /** Longer than usual, for answers that are held. ms */
  readonly timeoutMs?: number;
}

export interface ClientAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly contentType: string;
  readonly serverTiming: string | undefined;
  /** Empty unless it was to be read. */
  readonly text: string;
  /** As sent, so maybe compressed. */
  readonly bytes: number;
}

/** A request took longer than its limit. */
export class ClientTimeout extends Error {
  readonly code = 'timeout';

  constructor(timeoutMs: number) {
    super(`no complete answer within ${timeoutMs / 1_000} s`);
  }
}

/** A redirect led to a host that the operator has not agreed to load. */
export class ForeignHost extends Error {
  readonly code = 'foreign-host';

  constructor(host: string) {
    super(`the way leads to ${host}, which is not this machine; --yes allows it`);
  }
}

export class ReaderClient {
  readonly jar = new CookieJar();
  readonly #options: ReaderClientOptions;
  #http: HttpAgent | undefined;
  #https: HttpsAgent | undefined;
  readonly #requests = new Set<ClientRequest>();
  readonly #sockets = new Set<WebSocket>();
  #isEnded = false;

  constructor(options: ReaderClientOptions) {
    this.#options = options;
  }

  async request(url: string, options: ClientRequestOptions): Promise<ClientAnswer> {
    const { method = 'GET', body, isRead = false, timeoutMs = this.#options.timeoutMs } = options;
    const cookie = this.jar.headerFor(url);
    const headers: Record<string, string> = {
      ...browserHeaders(options),
      ...(cookie === '' ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...options.headers,
    };
    this.#check(url);
    const isTls = url.startsWith('https:');
    const request = isTls
      ? requestHttps(url, { method, headers, agent: this.#httpsAgent() })
      : requestHttp(url, { method, headers, agent: this.#httpAgent() });
    this.#requests.add(request);
    // A limit for the whole answer: the one of node:http is for silence only.
    const timer = setTimeout(() => request.destroy(new ClientTimeout(timeoutMs)), timeoutMs);
    try {
      const response = await answerOf(request, body);
      this.jar.keep(url, response.headers['set-cookie']);
      const { text, bytes } = await readAnswer(response, isRead);
      return {
        status: response.statusCode ?? 0,
        location: response.headers.location,
        contentType: response.headers['content-type'] ?? '',
        serverTiming: firstOf(response.headers['server-timing']),
        ...{ text, bytes },
      };
    } finally {
      clearTimeout(timer);
      this.#requests.delete(request);
    }
  }

  /** Resolves when it is open. The caller listens to `message`, `close` and `error`. */
  async openWebSocket(url: string, origin: string): Promise<WebSocket> {
    const address = url.replace(/^ws/, 'http');
    this.#check(address);
    const cookie = this.jar.headerFor(address);
    const { 'user-agent': agent = '', 'accept-language': language = '' } = browserHeaders({
      ...{ destination: 'websocket', site: 'same-origin' },
    });
    const socket = new WebSocket(url, {
      headers: {
        ...{ origin, 'user-agent': agent, 'accept-language': language },
        ...(cookie === '' ? {} : { cookie }),
      },
      handshakeTimeout: this.#options.timeoutMs,
      // A deflate window for each reader would be most of what a generator takes.
      perMessageDeflate: false,
      ...this.#connectOptions(),
    });
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        socket.off('error', reject);
        resolve(socket);
      });
      socket.once('error', reject);
    });
  }

  /**
   * Closes idle connections but for one to this host. A browser keeps them for a minute and more, but it is one reader; in a crowd of thousands
   * in one process, those who stand in line or are at work would hold all its descriptors by what they do not need.
   */
  settleAt(url: string): void {
    const { hostname, port, protocol } = new URL(url);
    const kept = `${hostname.replace(/^\[|\]$/g, '')}:${port || (protocol === 'https:' ? 443 : 80)}:`;
    for (const agent of [this.#http, this.#https])
      for (const [name, sockets] of Object.entries(agent?.freeSockets ?? {}))
        for (const socket of (sockets ?? []).slice(name.startsWith(kept) ? 1 : 0)) socket.destroy();
  }

  get hasLeft(): boolean {
    return this.#isEnded;
  }

  /** Ends what is still open, as a browser does whose tab is closed. */
  leave(): void {
    this.#end((socket) => socket.close());
  }

  /** Is gone without a word, as a laptop that is shut: connections are reset. */
  vanish(): void {
    for (const agent of [this.#http, this.#https])
      for (const socket of Object.values(agent?.sockets ?? {}).flat())
        if (socket instanceof Socket) socket.resetAndDestroy();
    this.#end((socket) => socket.terminate());
  }

  #end(endSocket: (socket: WebSocket) => void): void {
    this.#isEnded = true;
    for (const request of this.#requests) request.destroy();
    for (const socket of this.#sockets) {
      socket.on('error', () => undefined);
      endSocket(socket);
    }
    this.#http?.destroy();
    this.#https?.destroy();
  }

  #check(url: string): void {
    const { hostname } = new URL(url);
    if (this.#isEnded) throw new Error('the reader has left');
    if (!this.#options.mayReach(hostname)) throw new ForeignHost(hostname);
  }

  #httpAgent(): HttpAgent {
    this.#http ??= new HttpAgent(this.#agentOptions());
    return this.#http;
  }

  #httpsAgent(): HttpsAgent {
    this.#https ??= new HttpsAgent(this.#agentOptions());
    return this.#https;
  }

  #agentOptions() {
    return {
      keepAlive: true,
      maxSockets: CONNECTIONS_PER_HOST,
      maxFreeSockets: CONNECTIONS_PER_HOST,
      ...this.#connectOptions(),
    };
  }

  #connectOptions(): { lookup: LookupFunction; localAddress?: string } {
    const { from } = this.#options;
    return { lookup: lookUp, ...(from === undefined ? {} : { localAddress: from }) };
  }
}

function answerOf(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
    request.end(body);
  });
}

async function readAnswer(
  response: IncomingMessage,
  isRead: boolean,
): Promise<{ readonly text: string; readonly bytes: number }> {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  if (!isRead) {
    // Flows by the listener above.
    await new Promise<void>((resolve, reject) => {
      response.once('end', resolve);
      response.once('error', reject);
      response.once('close', () => reject(new Error('the answer broke off')));
    });
    return { text: '', bytes };
  }
  const body = new BodyCollector(TEXT_LIMIT);
  const collect = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) body.add(chunk);
  };
  const decoder = decoderFor(response.headers['content-encoding']);
  if (decoder === undefined) await pipeline(response, collect);
  else await pipeline(response, decoder, collect);
  return { text: body.bytes().toString('utf8'), bytes };
}

function decoderFor(encoding = '') {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'br') return createBrotliDecompress();
  return encoding === 'deflate' ? createInflate() : undefined;
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
