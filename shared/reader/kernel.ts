// What a reader made by us does in a Jupyter: starts a kernel, and runs a line.
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { describeError, FleetError } from '../errors.ts';
import {
  channelsUrl,
  executeRequest,
  type KernelMessage,
  limitHeard,
  OUTPUTS,
  parseShortMessage,
  type ShellRequest,
} from '../jupyter/messages.ts';
import { parseJson } from '../protocol/wire.ts';
import { ask, type Landing } from './click.ts';
import { lookUp } from './localhost.ts';

const KERNEL_MS = 60_000;
/** Far more than what a line of ours makes a kernel say. */
const MAX_HEARD_BYTES = 1024 * 1024;

const kernelSchema = z.object({ id: z.string().regex(/^[\w-]{1,100}$/) });

/** Whether what is there is a Jupyter. */
export async function isJupyter({ base, headers, signal }: Landing): Promise<boolean> {
  const { status, text } = await ask(`${base}api`, { headers, signal });
  return status === 200 && /^\s*\{.*"version"/s.test(text);
}

/** @param name of its specification; undefined for the server's usual one @returns its id */
export async function startKernel({ base, headers, signal }: Landing, name?: string): Promise<string> {
  const body = JSON.stringify(name === undefined ? {} : { name });
  const made = await ask(`${base}api/kernels`, { method: 'POST', headers, body, signal });
  if (made.status !== 201)
    throw new FleetError('unavailable', `the Jupyter starts no kernel: it answers ${made.status}`);
  return parseJson(made.text, kernelSchema, 'the answer with the kernel').id;
}

/** Runs Python in a new kernel and returns what it printed. */
export async function runLine(landing: Landing, code: string): Promise<string> {
  let printed = '';
  await talk(landing, await startKernel(landing, 'python3'), code, ({ msg_type: type, content }) => {
    if (type === 'stream') printed += content.text ?? '';
    if (type === 'error') printed += content.evalue ?? '';
    return type === 'status' && content.execution_state === 'idle';
  });
  return printed;
}

/** Runs a line in a kernel; resolves with its first output. @throws FleetError `unavailable`, also where that is an error */
export async function awaitOutput(landing: Landing, kernel: string, code: string): Promise<void> {
  let fault: string | undefined;
  await talk(landing, kernel, code, ({ msg_type: type, content }) => {
    if (type === 'error') fault = content.ename ?? 'an error';
    return OUTPUTS.has(type);
  });
  if (fault !== undefined)
    throw new FleetError('unavailable', `the kernel answers with ${fault.slice(0, 100)}`);
}

function talk(
  { base, headers, signal }: Landing,
  kernel: string,
  code: string,
  isLast: (message: KernelMessage) => boolean,
): Promise<void> {
  const session = randomUUID();
  const socket = new WebSocket(channelsUrl(base, kernel, session), {
    headers,
    maxPayload: MAX_HEARD_BYTES,
    lookup: lookUp,
  });
  const message: ShellRequest = executeRequest(session, code);
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      socket.terminate();
      settle();
    };
    const fail = (why: string): void => end(() => reject(new FleetError('unavailable', why)));
    const timer = setTimeout(() => fail(`the kernel did not finish within ${KERNEL_MS / 1000} s`), KERNEL_MS);
    const stop = (): void => fail(describeError(signal?.reason));
    signal?.addEventListener('abort', stop);
    if (signal?.aborted === true) stop();
    limitHeard(socket, MAX_HEARD_BYTES, () => fail('the kernel says more than was asked for'));
    socket.on('error', (error) => fail(`the kernel's WebSocket: ${error.message}`));
    socket.on('close', () => fail("the kernel's WebSocket was closed"));
    socket.on('open', () => socket.send(JSON.stringify(message)));
    socket.on('message', (data) => {
      const got = parseShortMessage(data);
      if (got?.parent_header.msg_id === message.header.msg_id && isLast(got)) end(resolve);
    });
  });
}
