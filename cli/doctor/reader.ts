// A reader made by `tmpfleet doctor`: clicks as a browser does, and runs a line where it lands in a Jupyter.
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { FleetError } from '../../shared/errors.ts';
import {
  explainUnreachable,
  FRONT_LISTENER,
  type Listener,
  NODE_LISTENER,
} from '../../shared/http/network-errors.ts';
import { readText } from '../../shared/http/read-body.ts';
import { nextOf } from '../../shared/pages/preparing-page.ts';
import { solveWork, WORK_NAME } from '../../shared/protocol/proof-of-work.ts';

const HOPS = 10;
const ASK_MS = 30_000;
const KERNEL_MS = 60_000;
/** Far more than any page that a click leads to. */
const PAGE_LIMIT = { bytes: 16 * 1024 * 1024, what: 'the page' };
/** A navigation by a person: what else comes gets a page with a button. */
const BROWSER = { 'sec-fetch-mode': 'navigate', accept: 'text/html', 'user-agent': 'tmpfleet-doctor' };

export interface Landing {
  /** `https://node7.example.org/user/<id>/` */
  readonly base: string;
  readonly sandbox: string;
  /** What shows that the sandbox is this reader's own. */
  readonly headers: { readonly cookie: string };
  readonly hops: number;
}

/** @throws FleetError `unavailable` with where the way ended instead */
export async function click(url: string): Promise<Landing> {
  const jars = new Map<string, Map<string, string>>();
  let here = url;
  for (let hops = 0; hops <= HOPS; hops += 1) {
    const { origin } = new URL(here);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const headers = { ...BROWSER, ...(cookie === '' ? {} : { cookie }) };
    const listener = hops === 0 ? FRONT_LISTENER : NODE_LISTENER;
    const first = await ask(here, { headers }, listener);
    // Behind a redirect from http to https, too; but what a sandbox says asks nothing of us.
    const worked = /\/user\//.test(here) ? undefined : withWork(here, first.text);
    const answer = worked === undefined ? first : await ask(worked, { headers, method: 'POST' }, listener);
    for (const set of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(set) ?? [];
      if (name !== undefined && value !== undefined) jar.set(name, value);
    }
    const next = nextAfter(here, answer);
    if (next !== undefined) {
      here = new URL(next, here).href;
      continue;
    }
    const [, base, sandbox] = /^([^?#]*\/user\/([^/?#]+)\/)/.exec(here) ?? [];
    if (answer.status < 400 && base !== undefined && sandbox !== undefined) {
      const own = [...jar].map((pair) => pair.join('=')).join('; ');
      return { base, sandbox, hops, headers: { cookie: own } };
    }
    throw new FleetError('unavailable', `the click ended with ${answer.status} at ${withoutQuery(here)}`, {
      remedy:
        answer.status === 503
          ? 'is there room? tmpfleet doctor --front shows the nodes'
          : 'try it in a browser',
    });
  }
  throw new FleetError(
    'unavailable',
    `the click went round in ${HOPS} redirects, last to ${withoutQuery(here)}`,
    {
      remedy: "is a node's --front-url this front, and does each node have its own address?",
    },
  );
}

/** Whether what is there is a Jupyter. */
export async function isJupyter({ base, headers }: Landing): Promise<boolean> {
  const { status, text } = await ask(`${base}api`, { headers });
  return status === 200 && /^\s*\{.*"version"/s.test(text);
}

/** Starts a kernel, runs Python in it and returns what it printed. */
export async function runLine({ base, headers }: Landing, code: string): Promise<string> {
  const made = await ask(`${base}api/kernels`, { method: 'POST', headers, body: '{"name":"python3"}' });
  if (made.status !== 201)
    throw new FleetError('unavailable', `the Jupyter starts no kernel: it answers ${made.status}`);
  const { id } = z.object({ id: z.string() }).parse(JSON.parse(made.text));
  const session = randomUUID();
  const url = `${base.replace(/^http/, 'ws')}api/kernels/${id}/channels?session_id=${session}`;
  return talk(new WebSocket(url, { headers }), executeRequest(session, code));
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

async function ask(
  url: string,
  options: {
    readonly method?: 'GET' | 'POST';
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
  listener: Listener = NODE_LISTENER,
): Promise<Answer> {
  try {
    const answer = await request(url, { ...options, signal: AbortSignal.timeout(ASK_MS) });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: await readText(answer.body, PAGE_LIMIT),
    };
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    const { message, remedy } = explainUnreachable(cause, url, listener);
    throw new FleetError('unavailable', message, { cause, remedy });
  }
}

/** Where a browser goes on to; undefined where it has arrived. What a sandbox says is not a page of ours. */
function nextAfter(url: string, { status, headers: { location }, text }: Answer): string | undefined {
  if (status < 300) return /\/user\//.test(url) ? undefined : nextOf(text);
  return status < 400 && typeof location === 'string' ? location : undefined;
}

/** Does what the page of a nearly full front asks of a browser. @returns where to post; undefined when it asks for nothing */
function withWork(url: string, page: string): string | undefined {
  const [, challenge, bits] = /data-challenge="([^"]+)" data-bits="(1?\d|2[0-4])"/.exec(page) ?? [];
  if (challenge === undefined) return undefined;
  const address = new URL(url);
  return `${url}${address.search === '' ? '?' : '&'}${WORK_NAME}=${solveWork(challenge, Number(bits))}`;
}

/** Removes the ticket, which must not be in a report. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

/** A message of a kernel's channels: the fields that are read here. */
const messageSchema = z.object({
  msg_type: z.string(),
  parent_header: z.object({ msg_id: z.string().optional() }),
  content: z.object({
    text: z.string().optional(),
    evalue: z.string().optional(),
    execution_state: z.string().optional(),
  }),
});

function talk(socket: WebSocket, message: ReturnType<typeof executeRequest>): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.terminate();
      settle();
    };
    const fail = (why: string): void => end(() => reject(new FleetError('unavailable', why)));
    const timer = setTimeout(() => fail(`the kernel did not finish within ${KERNEL_MS / 1000} s`), KERNEL_MS);
    socket.on('error', (error) => fail(`the kernel's WebSocket: ${error.message}`));
    socket.on('close', () => fail("the kernel's WebSocket was closed"));
    socket.on('open', () => socket.send(JSON.stringify(message)));
    socket.on('message', (data) => {
      const { data: got } = messageSchema.safeParse(JSON.parse(String(data)));
      if (got === undefined || got.parent_header.msg_id !== message.header.msg_id) return;
      if (got.msg_type === 'stream') printed += got.content.text ?? '';
      if (got.msg_type === 'error') printed += got.content.evalue ?? '';
      if (got.msg_type === 'status' && got.content.execution_state === 'idle') end(() => resolve(printed));
    });
  });
}

/** https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute */
function executeRequest(session: string, code: string) {
  const date = new Date().toISOString();
  return {
    channel: 'shell',
    header: {
      ...{ msg_id: randomUUID(), msg_type: 'execute_request', version: '5.3' },
      ...{ username: 'tmpfleet-doctor', session, date },
    },
    parent_header: {},
    metadata: {},
    content: {
      ...{ code, silent: false, store_history: false, user_expressions: {} },
      ...{ allow_stdin: false, stop_on_error: true },
    },
    buffers: [],
  };
}
