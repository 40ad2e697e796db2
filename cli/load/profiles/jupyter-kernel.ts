// A kernel of a Jupyter, started as its page does: a session for the notebook, the WebSocket of the kernel, and the first question.
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import {
  channelsUrl,
  executeRequest,
  type KernelMessage,
  kernelInfoRequest,
  OUTPUTS,
  parseMessage,
  type ShellRequest,
} from '../../../shared/jupyter/messages.ts';
import { notebookOf } from '../../../shared/jupyter/notebook-path.ts';
import { parseJson } from '../../../shared/protocol/wire.ts';
import { type Kernel, SocketDialogue } from './kernel.ts';
import type { Visit } from './visit.ts';
import type { Landing } from './walk.ts';

/** What every page of a Jupyter has: JupyterLab and Notebook 7 the first, the classic notebook the others. */
const JUPYTER = /id=["']?jupyter-config-data|data-base-url=|<title>(?:Jupyter|Home)/;

/** How often a page of JupyterLab tries to open a WebSocket again. */
const RECONNECTS = 7;

const sessionSchema = z.object({ kernel: z.object({ id: z.string().regex(/^[\w-]{1,100}$/) }) });

export function isJupyterPage(html: string): boolean {
  return JUPYTER.test(html);
}

/** @throws Error, VisitEnded */
export async function openJupyterKernel(
  visit: Visit,
  { url, base }: Pick<Landing, 'url' | 'base'>,
  kernelName: string,
): Promise<Kernel> {
  const xsrf = visit.client.jar.valueOf('_xsrf', base);
  const { text } = await visit.get('session', `${base}api/sessions`, {
    ...{ method: 'POST', destination: 'fetch', site: 'same-origin', isRead: true },
    headers: {
      ...{
        'content-type': 'application/json',
        origin: new URL(base).origin,
        referer: url.replace(/\?.*$/s, ''),
      },
      ...(xsrf === undefined ? {} : { 'x-xsrftoken': xsrf }),
    },
    body: JSON.stringify({
      type: 'notebook',
      name: '',
      path: notebookAt(url, base),
      kernel: { name: kernelName },
    }),
  });
  visit.lap('session');
  const { kernel } = parseJson(text, sessionSchema, 'the answer with the session');
  const session = randomUUID();
  const open = (): Promise<WebSocket> =>
    visit.client.openWebSocket(channelsUrl(base, kernel.id, session), new URL(base).origin);
  const socket = await open();
  visit.lap('websocket');
  const dialogue = new SocketDialogue(socket, () => reconnect(visit, open));
  const answers = (request: ShellRequest, isLast: (message: KernelMessage) => boolean) =>
    dialogue.ask(JSON.stringify(request), (said) => {
      const message = parseMessage(said);
      return message?.parent_header.msg_id === request.header.msg_id && isLast(message);
    });
  await answers(kernelInfoRequest(session), ({ msg_type: type }) => type === 'kernel_info_reply');
  return {
    run: (code) => answers(executeRequest(session, code), ({ msg_type: type }) => OUTPUTS.has(type)),
    close: () => dialogue.close(),
  };
}

/** As JupyterLab's page does it: at once, and then after a random time that grows twofold. @throws Error the last one */
async function reconnect(visit: Visit, open: () => Promise<WebSocket>): Promise<WebSocket> {
  const began = visit.elapsedMs;
  for (let attempt = 0; ; attempt += 1) {
    await visit.sleep(visit.random() * 1_000 * (2 ** attempt - 1));
    try {
      const socket = await open();
      visit.took('reconnect', visit.elapsedMs - began);
      return socket;
    } catch (error) {
      if (attempt + 1 >= RECONNECTS || visit.client.hasLeft || visit.leaving.aborted) throw error;
    }
  }
}

/** A reader without a notebook opens one that has no name yet. */
function notebookAt(url: string, base: string): string {
  return notebookOf(new URL(url).pathname.slice(new URL(base).pathname.length)) ?? 'Untitled.ipynb';
}
