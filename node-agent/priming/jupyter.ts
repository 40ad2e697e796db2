// The part of Jupyter's API that priming uses; the same in Notebook 6 and in Jupyter Server 2
// (https://jupyter-server.readthedocs.io/en/latest/developers/rest-api.html).
import { randomBytes, randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { Agent, type Dispatcher, request } from 'undici';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { FleetError } from '../../shared/errors.ts';
import { readText } from '../../shared/http/read-body.ts';
import {
  channelsUrl,
  executeRequest,
  type KernelMessage,
  kernelInfoRequest,
  parseMessage,
  type ShellRequest,
} from '../../shared/jupyter/messages.ts';
import { parseJson } from '../../shared/protocol/wire.ts';
import { basePath } from '../engine/command.ts';
import type { AskedSandbox } from '../engine/readiness.ts';

/** A notebook with its figures in it; only its kernel's name is read. */
const MAX_NOTEBOOK_BYTES = 64 * 1024 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;

const notebookSchema = z.object({
  content: z.object({ metadata: z.object({ kernelspec: z.object({ name: z.string() }).optional() }) }),
});
const specsSchema = z.object({ default: z.string() });
const sessionSchema = z.object({
  id: z.string().regex(/^[\w-]{1,100}$/),
  path: z.string(),
  kernel: z.object({ id: z.string().regex(/^[\w-]{1,100}$/) }),
});
export type Session = z.infer<typeof sessionSchema>;

/** Where Notebook 6 and 7, and where JupyterLab, open a notebook. */
const PAGES = ['notebooks', 'lab/tree'];

/** Requests come once in a sandbox's life. */
const connections = new Agent({ pipelining: 0 });

/** The Jupyter of a sandbox, spoken to as its owner. Every call throws FleetError `start-failed`, or an error of the network. */
export class Jupyter {
  readonly #base: string;
  readonly #signal: AbortSignal;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ id, token, address }: AskedSandbox, signal: AbortSignal) {
    if (address === undefined) throw new FleetError('start-failed', 'it has no address');
    this.#base = `http://${address.host}:${address.port}${basePath(id)}/`;
    this.#signal = signal;
    // A server that wants no token wants to see that a request is no other site's: the same value in cookie and header.
    const xsrf = randomBytes(16).toString('hex');
    this.#headers = { authorization: `token ${token}`, cookie: `_xsrf=${xsrf}`, 'x-xsrftoken': xsrf };
  }

  /** The kernel that a notebook names; the server's default where it names none. */
  async kernelOf(notebook: string): Promise<string> {
    const { content } = await this.#ask(`api/contents/${pathOf(notebook)}?type=notebook`, notebookSchema, {
      bytes: MAX_NOTEBOOK_BYTES,
      notFound: `it has no notebook ${notebook}, which --prime names`,
    });
    const { kernelspec } = content.metadata;
    return kernelspec?.name ?? (await this.#ask('api/kernelspecs', specsSchema)).default;
  }

  /** The notebook's session, with its kernel: the one that a page of the notebook attaches to. */
  openSession(notebook: string, kernel: string): Promise<Session> {
    const name = basename(notebook);
    const body = JSON.stringify({ path: notebook, name, type: 'notebook', kernel: { name: kernel } });
    return this.#ask('api/sessions', sessionSchema, { method: 'POST', body });
  }

  /** Opens the notebook's page, which the server then has ready: the first page costs it as much as a kernel. */
  async openPage(notebook: string): Promise<void> {
    for (const view of PAGES) {
      const { statusCode, body } = await request(`${this.#base}${view}/${pathOf(notebook)}`, {
        ...{ dispatcher: connections, signal: this.#signal, headers: this.#headers },
      });
      await body.dump();
      if (statusCode === 200) return;
    }
  }

  /** Ends the notebook's session, and its kernel, where there is one. */
  async closeSession(notebook: string): Promise<void> {
    const sessions = await this.#ask('api/sessions', z.array(sessionSchema));
    for (const { id } of sessions.filter(({ path }) => path === notebook))
      await this.#ask(`api/sessions/${id}`, z.unknown(), { method: 'DELETE' });
  }

  /**
   * Resolves when the kernel answers, and has run the code.
   * @throws FleetError `start-failed` with the error that the code raised
   */
  async warmUp({ kernel }: Session, code: string): Promise<void> {
    const session = randomUUID();
    const socket = new WebSocket(channelsUrl(this.#base, kernel.id, session), {
      headers: this.#headers,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    try {
      await opened(socket, this.#signal);
      await untilReady(socket, session, this.#signal);
      if (code === '') return;
      const { content } = await reply(socket, executeRequest(session, code, { silent: true }), this.#signal);
      if (content.status !== 'ok')
        throw new FleetError('start-failed', `--prime-cell: ${content.ename ?? ''}: ${content.evalue ?? ''}`);
    } finally {
      socket.terminate();
    }
  }

  async #ask<T>(
    path: string,
    schema: z.ZodType<T>,
    options: { method?: Dispatcher.HttpMethod; body?: string; bytes?: number; notFound?: string } = {},
  ): Promise<T> {
    const { method = 'GET', body, bytes = MAX_ANSWER_BYTES, notFound } = options;
    const what = `the answer of Jupyter to ${method} ${path.replace(/\?.*$/, '')}`;
    const answer = await request(`${this.#base}${path}`, {
      ...{ dispatcher: connections, method, signal: this.#signal },
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
    });
    const text = await readText(answer.body, { bytes, what });
    if (answer.statusCode === 404 && notFound !== undefined) throw new FleetError('start-failed', notFound);
    if (answer.statusCode >= 300)
      throw new FleetError('start-failed', `${what} is ${answer.statusCode}; --prime needs a Jupyter`);
    return answer.statusCode === 204 ? schema.parse(undefined) : parseJson(text, schema, what);
  }
}

const pathOf = (notebook: string): string => notebook.split('/').map(encodeURIComponent).join('/');

const ASK_AGAIN_MS = 500;
const CLOSED = 'the kernel of --prime ended: its WebSocket was closed';
const LATE = 'the kernel of --prime did not answer in time';
/** A reply to what priming asks is short. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return settle(socket, signal, (resolve) => socket.once('open', () => resolve()));
}

/** States of a kernel that has ended by itself; Jupyter starts it again, but what was asked of it is lost. */
const ENDED: ReadonlySet<string> = new Set(['restarting', 'autorestarting', 'dead']);

/** Sends the request and resolves with the kernel's reply to it. @throws FleetError `start-failed` when the kernel ends */
function reply(socket: WebSocket, message: ShellRequest, signal: AbortSignal): Promise<KernelMessage> {
  const wanted = message.header.msg_type.replace(/_request$/, '_reply');
  return settle(socket, signal, (resolve, reject) => {
    socket.on('message', (data) => {
      const got = parseMessage(String(data));
      if (got === undefined) return;
      if (got.msg_type === 'status' && ENDED.has(got.content.execution_state ?? ''))
        reject(new FleetError('start-failed', 'the kernel of --prime ended by itself'));
      if (got.msg_type === wanted && got.parent_header.msg_id === message.header.msg_id) resolve(got);
    });
    socket.send(JSON.stringify(message));
  });
}

/** A kernel that is still starting loses a question, so it is asked, as Jupyter's own clients do, until it answers. */
async function untilReady(socket: WebSocket, session: string, signal: AbortSignal): Promise<void> {
  const question = kernelInfoRequest(session);
  const asking = setInterval(() => socket.send(JSON.stringify(question)), ASK_AGAIN_MS);
  try {
    await reply(socket, question, signal);
  } finally {
    clearInterval(asking);
  }
}

/** Rejects when the socket ends, or the signal aborts, before what `wait` waits for. */
async function settle<T>(
  socket: WebSocket,
  signal: AbortSignal,
  wait: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  const over = new AbortController();
  try {
    return await new Promise<T>((resolve, reject) => {
      // The listener for errors stays: without one, an error of a socket that is being ended would end the program.
      socket.on('error', reject);
      socket.once('close', () => reject(new FleetError('start-failed', CLOSED)));
      const abort = (): void => reject(new FleetError('start-failed', LATE));
      signal.addEventListener('abort', abort, { once: true, signal: over.signal });
      if (signal.aborted) abort();
      else wait(resolve, reject);
    });
  } finally {
    over.abort();
    socket.removeAllListeners('message');
  }
}
