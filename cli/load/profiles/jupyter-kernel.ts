// A kernel of a Jupyter, started as its page does: a session for the notebook, the WebSocket of the kernel, and the first question.
import { randomUUID } from 'node:crypto';
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
  const socket = await visit.client.openWebSocket(
    channelsUrl(base, kernel.id, session),
    new URL(base).origin,
  );
  visit.lap('websocket');
  const dialogue = new SocketDialogue(socket);
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

/** A reader without a notebook opens one that has no name yet. */
function notebookAt(url: string, base: string): string {
  return notebookOf(new URL(url).pathname.slice(new URL(base).pathname.length)) ?? 'Untitled.ipynb';
}
