// What goes to a reader waits for the reader, and holds up nobody else.
import { once } from 'node:events';
import { get, type ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { Reply, type ReplySource } from '../../../node-agent/proxy/reply.ts';
import { startHttp, until } from './bed.ts';

const BLOCK = Buffer.alloc(64 * 1024, 'x');

/** A response to a reader who does not read yet, and what its reply asks of the connection. */
async function startReply() {
  const responses: ServerResponse[] = [];
  const server = await startHttp((_request, response) => responses.push(response));
  const outgoing = get({ port: server.port, agent: false });
  await until(() => responses.length === 1, 'the request is there');
  const [response] = responses;
  if (response === undefined) throw new Error('no response');
  const asked = { pause: 0, resume: 0, released: 0 };
  const source: ReplySource = {
    pause: () => {
      asked.pause += 1;
    },
    resume: () => {
      asked.resume += 1;
    },
    retain: (bytes) => ({
      bytes,
      release: () => {
        asked.released += 1;
      },
    }),
  };
  const reply = new Reply(response);
  reply.begin(200, 'OK', []);
  reply.flush(source);
  const [incoming] = await once(outgoing, 'response');
  incoming.pause();
  let written = 0;
  while (asked.pause === 0) {
    reply.write(BLOCK, source);
    written += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { reply, response, incoming, asked, source, written };
}

it('makes the sandbox wait once the reader is behind, and go on when it has read', async () => {
  const { reply, response, incoming, asked, source } = await startReply();
  reply.write(BLOCK, source);
  expect(asked).toMatchObject({ pause: 1, resume: 0 });
  incoming.resume();
  await until(() => asked.resume === 1, 'the sandbox may go on');
  reply.end(undefined);
  await until(() => response.writableFinished, 'all is sent');
  expect(asked.resume).toBe(1);
});

it('gives every block back when the reader has it', async () => {
  const { reply, response, incoming, asked, written } = await startReply();
  expect(asked.released).toBeLessThan(written);
  reply.end(undefined);
  incoming.resume();
  await until(() => response.writableFinished, 'all is sent');
  expect(asked.released).toBe(written);
});

it('does not let the next response on the connection run ahead, whose reader may be slow', async () => {
  const { reply, response, incoming, asked } = await startReply();
  reply.end(undefined);
  incoming.resume();
  await until(() => response.writableFinished, 'all is sent');
  expect(asked).toMatchObject({ pause: 1, resume: 0 });
});
