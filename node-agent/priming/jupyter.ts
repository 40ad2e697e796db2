// The part of Jupyter's API that priming uses; the same in Notebook 6 and in Jupyter Server 2
// (https://jupyter-server.readthedocs.io/en/latest/developers/rest-api.html).
import { randomBytes, randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { Agent, type Dispatcher, request } from 'undici';
import { type RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { FleetError } from '../../shared/errors.ts';
import { readText } from '../../shared/http/read-body.ts';
import {
  channelsUrl,
  executeRequest,
  type KernelMessage,
  kernelInfoRequest,
  limitHeard,
  parseShortMessage,
  type ShellRequest,
} from '../../shared/jupyter/messages.ts';
import { parseJson } from '../../shared/protocol/wire.ts';
import { basePath } from '../engine/command.ts';
import type { AskedSandbox } from '../engine/readiness.ts';
import { kernelNamedIn } from './kernel-name.ts';

/** A notebook with its figures in it; only its kernel's name is kept. */
const MAX_NOTEBOOK_BYTES = 64 * 1024 * 1024;
const MAX_ANSWER_BYTES = 64 * 1024;
/** An image may have many kernels, each with its resources. */
const MAX_SPECS_BYTES = 1024 * 1024;

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
    const { what, answer } = await this.#request(`api/contents/${pathOf(notebook)}?type=notebook`);
    if (answer.statusCode === 404) {
      await answer.body.dump();
      throw new FleetError('start-failed', `it has no notebook ${notebook}, which --prime names`);
    }
    await refuseFailed(what, answer);
    const named = await kernelNamedIn(answer.body, { bytes: MAX_NOTEBOOK_BYTES, what });
    return named ?? (await this.#ask('api/kernelspecs', specsSchema, { bytes: MAX_SPECS_BYTES })).default;
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
    limitHeard(socket, MAX_HEARD_BYTES, () => socket.emit('error', new FleetError('start-failed', TOO_MUCH)));
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
    { bytes = MAX_ANSWER_BYTES, ...asked }: Asked & { bytes?: number } = {},
  ): Promise<T> {
    const { what, answer } = await this.#request(path, asked);
    await refuseFailed(what, answer);
    const text = await readText(answer.body, { bytes, what });
    return answer.statusCode === 204 ? schema.parse(undefined) : parseJson(text, schema, what);
  }

  async #request(path: string, { method = 'GET', body }: Asked = {}) {
    const what = `the answer of Jupyter to ${method} ${path.replace(/\?.*$/, '')}`;
    const answer = await request(`${this.#base}${path}`, {
      ...{ dispatcher: connections, method, signal: this.#signal },
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
    });
    return { what, answer };
  }
}

interface Asked {
  readonly method?: Dispatcher.HttpMethod;
  readonly body?: string;
}

async function refuseFailed(what: string, { statusCode, body }: Dispatcher.ResponseData): Promise<void> {
  if (statusCode < 300) return;
  await body.dump();
  throw new FleetError('start-failed', `${what} is ${statusCode}; --prime needs a Jupyter`);
}

const pathOf = (notebook: string): string => notebook.split('/').map(encodeURIComponent).join('/');

const ASK_AGAIN_MS = 500;
const CLOSED = 'the kernel of --prime ended: its WebSocket was closed';
const LATE = 'the kernel of --prime did not answer in time';
const TOO_MUCH = '--prime-cell: it prints too much';
/** A reply to what priming asks is short; what the cell shows may be long. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Of all that a kernel says while it is primed. */
const MAX_HEARD_BYTES = 16 * 1024 * 1024;

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return settle(socket, signal, (resolve) => socket.once('open', () => resolve()));
}

/** States of a kernel that has ended by itself; Jupyter starts it again, but what was asked of it is lost. */
const ENDED: ReadonlySet<string> = new Set(['restarting', 'autorestarting', 'dead']);

/** Sends the request and resolves with the kernel's reply to it. @throws FleetError `start-failed` when the kernel ends */
function reply(socket: WebSocket, message: ShellRequest, signal: AbortSignal): Promise<KernelMessage> {
  const wanted = message.header.msg_type.replace(/_request$/, '_reply');
  let hear: (data: RawData) => void = () => undefined;
  return settle<KernelMessage>(socket, signal, (resolve, reject) => {
    hear = (data) => {
      const got = parseShortMessage(data);
      if (got === undefined) return;
      if (got.msg_type === 'status' && ENDED.has(got.content.execution_state ?? ''))
        reject(new FleetError('start-failed', 'the kernel of --prime ended by itself'));
      if (got.msg_type === wanted && got.parent_header.msg_id === message.header.msg_id) resolve(got);
    };
    socket.on('message', hear);
    socket.send(JSON.stringify(message));
  }).finally(() => socket.off('message', hear));
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
  }
}
