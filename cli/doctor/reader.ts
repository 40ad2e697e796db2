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
import {
  channelsUrl,
  executeRequest,
  parseMessage,
  type ShellRequest,
} from '../../shared/jupyter/messages.ts';
import { solveWork } from '../../shared/protocol/proof-of-work.ts';
import { CookieJar } from '../reader/cookie-jar.ts';
import { MAX_HOPS, nextMove, sandboxAt, workAddress } from '../reader/way.ts';

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
  const jar = new CookieJar();
  let here = url;
  let method: 'GET' | 'POST' = 'GET';
  for (let hops = 0; hops <= MAX_HOPS; hops += 1) {
    const cookie = jar.headerFor(here);
    const headers = { ...BROWSER, ...(cookie === '' ? {} : { cookie }) };
    const answer = await ask(here, { headers, method }, hops === 0 ? FRONT_LISTENER : NODE_LISTENER);
    jar.keep(here, answer.headers['set-cookie']);
    const { location } = answer.headers;
    const move = nextMove(here, { ...answer, location: typeof location === 'string' ? location : undefined });
    if (move.kind === 'go' || move.kind === 'press' || move.kind === 'work') {
      here = move.kind === 'work' ? workAddress(move.url, solveWork(move.challenge, move.bits)) : move.url;
      method = move.kind === 'go' ? 'GET' : 'POST';
      continue;
    }
    const sandbox = sandboxAt(here);
    if (move.kind === 'arrived' && sandbox !== undefined) {
      const own = { cookie: jar.headerFor(sandbox.base) };
      return { base: sandbox.base, sandbox: sandbox.id, hops, headers: own };
    }
    const { status } = answer;
    throw new FleetError('unavailable', `the click ended with ${status} at ${withoutQuery(here)}`, {
      remedy:
        status === 503 ? 'is there room? tmpfleet doctor --front shows the nodes' : 'try it in a browser',
    });
  }
  const message = `the click went round in ${MAX_HOPS} redirects, last to ${withoutQuery(here)}`;
  throw new FleetError('unavailable', message, {
    remedy: "is a node's --front-url this front, and does each node have its own address?",
  });
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
  const socket = new WebSocket(channelsUrl(base, id, session), { headers });
  return talk(socket, executeRequest(session, code));
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

/** Removes the ticket, which must not be in a report. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

function talk(socket: WebSocket, message: ShellRequest): Promise<string> {
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
      const got = parseMessage(String(data));
      if (got === undefined || got.parent_header.msg_id !== message.header.msg_id) return;
      if (got.msg_type === 'stream') printed += got.content.text ?? '';
      if (got.msg_type === 'error') printed += got.content.evalue ?? '';
      if (got.msg_type === 'status' && got.content.execution_state === 'idle') end(() => resolve(printed));
    });
  });
}
