// Messages of a Jupyter kernel's channels, and the WebSocket they go over
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html).
import { randomUUID } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';

/** The fields of a message that are read here. */
export const messageSchema = z.object({
  msg_type: z.string(),
  parent_header: z.object({ msg_id: z.string().optional() }),
  content: z.object({
    text: z.string().optional(),
    ename: z.string().optional(),
    evalue: z.string().optional(),
    status: z.string().optional(),
    execution_state: z.string().optional(),
  }),
});
export type KernelMessage = z.infer<typeof messageSchema>;

/** What a cell's first output is. */
export const OUTPUTS: ReadonlySet<string> = new Set(['stream', 'execute_result', 'display_data', 'error']);

/** Undefined for what is no message: a kernel is a stranger's program. */
export function parseMessage(text: string): KernelMessage | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Of a message that is read by a program that has readers to serve: reading one takes as long as nothing else is done. Bytes */
const LONGEST_SHORT = 64 * 1024;

/** As `parseMessage`; undefined for a longer message than any answer to what we ask. */
export function parseShortMessage(data: RawData): KernelMessage | undefined {
  return sizeOf(data) > LONGEST_SHORT ? undefined : parseMessage(String(data));
}

/** What reading any message costs, however short it is, in bytes of a long one. */
const LEAST_COST = 256;

/** Calls `onTooMuch` for each message after which more than `bytes` were heard: a kernel may talk without end. */
export function limitHeard(socket: Pick<WebSocket, 'on'>, bytes: number, onTooMuch: () => void): void {
  let heard = 0;
  const hear = (length: number): void => {
    heard += Math.max(length, LEAST_COST);
    if (heard > bytes) onTooMuch();
  };
  socket.on('message', (data) => hear(sizeOf(data)));
  socket.on('ping', (data) => hear(data.length));
}

function sizeOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, { length }) => sum + length, 0) : data.byteLength;
}

/** @param base of the Jupyter, with a slash at its end */
export function channelsUrl(base: string, kernel: string, session: string): string {
  return `${base.replace(/^http/, 'ws')}api/kernels/${kernel}/channels?session_id=${session}`;
}

export interface ShellRequest {
  readonly channel: 'shell';
  readonly header: { readonly msg_id: string; readonly msg_type: string };
  readonly content: object;
}

/** Asks who the kernel is: the first thing that every client does, and answered when the kernel is ready. */
export function kernelInfoRequest(session: string): ShellRequest {
  return shellRequest(session, 'kernel_info_request', {});
}

/** @param silent shows nothing to other clients of the kernel, and does not count as an execution */
export function executeRequest(session: string, code: string, { silent = false } = {}): ShellRequest {
  return shellRequest(session, 'execute_request', {
    ...{ code, silent, store_history: false, user_expressions: {} },
    ...{ allow_stdin: false, stop_on_error: true },
  });
}

function shellRequest(session: string, type: string, content: object): ShellRequest {
  const header = {
    ...{ msg_id: randomUUID(), msg_type: type, version: '5.3' },
    ...{ username: 'tmpfleet', session, date: new Date().toISOString() },
  };
  const rest = { parent_header: {}, metadata: {}, buffers: [] };
  return { channel: 'shell', header, content, ...rest };
}
