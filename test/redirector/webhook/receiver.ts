// A real receiver of webhooks, which keeps what it is sent, and answers as a test says.
import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type WebhookBody, webhookBodySchema } from '../../../shared/api/webhook.ts';
import { listen, type TestServer } from '../support.ts';

export const WEBHOOK_SECRET = 'a-secret-of-the-webhook';

export interface Delivered {
  readonly body: WebhookBody;
  readonly text: string;
  readonly signature: string;
}

export interface Receiver extends TestServer {
  readonly requests: readonly Delivered[];
  /** What it accepted, by `event node`. */
  accepted(): readonly string[];
  /** Answers each request; 204 by default. @returns whether it accepted */
  answer: (response: ServerResponse) => boolean;
}

export async function receive(): Promise<Receiver> {
  const requests: Delivered[] = [];
  const accepted: string[] = [];
  const server = await listen((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.once('end', () => {
      const body = webhookBodySchema.parse(JSON.parse(text));
      requests.push({ body, text, signature: String(request.headers['tmpfleet-webhook-signature']) });
      if (!receiver.answer(response)) return;
      for (const { event, node } of body.events)
        accepted.push(node === undefined ? event : `${event} ${node}`);
    });
  });
  const receiver: Receiver = {
    ...server,
    requests,
    accepted: () => accepted,
    answer: (response) => {
      response.writeHead(204).end();
      return true;
    },
  };
  return receiver;
}

/** As docs/operations.md tells a receiver to do it. */
export function isGenuine({ text, signature }: Delivered, secret = WEBHOOK_SECRET): boolean {
  const [, seconds = '', given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  const wanted = createHmac('sha256', secret).update(`${seconds}.${text}`).digest('hex');
  return given === wanted && Math.abs(Date.now() / 1000 - Number(seconds)) < 60;
}
