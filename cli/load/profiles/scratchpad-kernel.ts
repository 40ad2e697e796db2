// The scratchpad of a node without Docker and Jupyter: one WebSocket, to which lines of JavaScript go.
import { z } from 'zod';
import { type Kernel, SocketDialogue } from './kernel.ts';
import type { Visit } from './visit.ts';
import type { Landing } from './walk.ts';

const PAGE = /<form id="form" data-wide data-base="/;

const outputSchema = z.object({ kind: z.enum(['result', 'error', 'log']) });

export function isScratchpadPage(html: string): boolean {
  return PAGE.test(html);
}

/** @throws Error */
export async function openScratchpad(visit: Visit, { base }: Pick<Landing, 'base'>): Promise<Kernel> {
  const { origin } = new URL(base);
  const socket = await visit.client.openWebSocket(`${base.replace(/^http/, 'ws')}socket`, origin);
  visit.lap('websocket');
  const dialogue = new SocketDialogue(socket);
  // Its code is JavaScript, whatever a Jupyter would be told.
  const run = (): Promise<void> => dialogue.ask(JSON.stringify({ code: '6*7' }), isOutput);
  return { run, close: () => dialogue.close() };
}

function isOutput(text: string): boolean {
  try {
    return outputSchema.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
