// A Jupyter client that works as a notebook page does: a kernel over REST, code over its WebSocket, and files.
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { type ClientOptions, WebSocket } from 'ws';
import { z } from 'zod';
import { dispatcherFor, lookUp } from '../../shared/reader/localhost.ts';

const sessionSchema = z.object({ id: z.string(), path: z.string(), kernel: z.object({ id: z.string() }) });
const sessionsSchema = z.array(sessionSchema);
export type Session = z.infer<typeof sessionSchema>;

/** @param base the sandbox's address with its slash at the end: http://…/user/<id>/ */
export class Jupyter {
  readonly #base: string;
  readonly #socket: ClientOptions;

  /**
   * @param socket of the WebSocket's connection, such as the authority that signed the server's certificate; its `headers` go
   *   with every request, and show that the sandbox is the client's own
   */
  constructor(base: string, socket: ClientOptions = {}) {
    this.#base = base;
    this.#socket = socket;
  }

  async #ask(
    path: string,
    options: { readonly method?: 'POST' | 'PUT' | 'DELETE'; readonly body?: string } = {},
  ) {
    const headers = { ...this.#socket.headers };
    return await request(`${this.#base}${path}`, { ...options, headers, ...dispatcherFor(this.#base) });
  }

  /** Starts a kernel, runs Python in it, returns what it printed, and ends it. */
  async run(code: string): Promise<string> {
    const made = await this.#ask('api/kernels', { method: 'POST', body: '{"name":"python3"}' });
    const text = await made.body.text();
    if (made.statusCode !== 201) throw new Error(`no kernel: ${made.statusCode} ${text}`);
    const { id }: { id: string } = JSON.parse(text);
    try {
      return await this.#execute(id, code);
    } finally {
      await this.#ask(`api/kernels/${id}`, { method: 'DELETE' });
    }
  }

  /** The open notebooks, with their kernels. */
  async sessions(): Promise<readonly Session[]> {
    const answer = await this.#ask('api/sessions');
    return sessionsSchema.parse(await answer.body.json());
  }

  /** What a page does when it opens a notebook: the session that is there, or a new one. */
  async openNotebook(path: string): Promise<Session> {
    const body = JSON.stringify({ path, name: path, type: 'notebook', kernel: { name: 'python3' } });
    const answer = await this.#ask('api/sessions', { method: 'POST', body });
    return sessionSchema.parse(await answer.body.json());
  }

  /** Runs Python in a kernel that is there, and returns what it printed. */
  runIn(kernel: string, code: string): Promise<string> {
    return this.#execute(kernel, code);
  }

  async upload(name: string, content: string): Promise<number> {
    const body = JSON.stringify({ type: 'file', format: 'text', content });
    const answer = await this.#ask(`api/contents/${name}`, { method: 'PUT', body });
    await answer.body.dump();
    return answer.statusCode;
  }

  async exists(name: string): Promise<boolean> {
    const answer = await this.#ask(`api/contents/${name}`);
    await answer.body.dump();
    return answer.statusCode === 200;
  }

  #execute(kernel: string, code: string): Promise<string> {
    const session = randomUUID();
    const url = `${this.#base.replace(/^http/, 'ws')}api/kernels/${kernel}/channels?session_id=${session}`;
    const socket = new WebSocket(url, { lookup: lookUp, ...this.#socket });
    const id = randomUUID();
    let printed = '';
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => finish(() => reject(new Error(`the kernel did not finish; it printed: ${printed}`))),
        60_000,
      );
      // A kernel that is still starting may lose a request, so it is asked, as Jupyter's own clients do, until it answers.
      const ask = (): void => {
        if (socket.readyState === WebSocket.OPEN)
          socket.send(JSON.stringify(toKernel('kernel_info_request', { id: randomUUID(), session }, {})));
      };
      const asking = setInterval(ask, 1_000);
      let isAsked = false;
      const finish = (done: () => void): void => {
        clearTimeout(timer);
        clearInterval(asking);
        socket.close();
        done();
      };
      socket.on('error', (error) => finish(() => reject(error)));
      socket.on('open', ask);
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.msg_type === 'kernel_info_reply' && !isAsked) {
          isAsked = true;
          clearInterval(asking);
          socket.send(JSON.stringify(toKernel('execute_request', { id, session }, { ...EXECUTE, code })));
        }
        if (message.parent_header?.msg_id !== id) return;
        if (message.msg_type === 'stream') printed += message.content.text;
        if (message.msg_type === 'error') printed += `${message.content.ename}: ${message.content.evalue}`;
        if (message.msg_type === 'status' && message.content.execution_state === 'idle') {
          finish(() => resolve(printed));
        }
      });
    });
  }
}

/** https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute */
const EXECUTE = {
  silent: false,
  store_history: false,
  user_expressions: {},
  allow_stdin: false,
  stop_on_error: true,
};

/** https://jupyter-client.readthedocs.io/en/stable/messaging.html#general-message-format */
function toKernel(type: string, { id, session }: { id: string; session: string }, content: object) {
  const date = new Date().toISOString();
  return {
    channel: 'shell',
    header: { msg_id: id, username: 'reader', session, msg_type: type, version: '5.3', date },
    parent_header: {},
    metadata: {},
    content,
    buffers: [],
  };
}
