// Near --max-connections, a connection whose reader had waited for `100 Continue` was taken for one without a request, and was cut in
// the middle of an upload.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { askForBody, readText } from '../../shared/http/read-body.ts';
import { serve } from '../../shared/http/serving.ts';
import { until } from '../support/until.ts';

test('an upload that began with Expect: 100-continue is not cut near the limit of connections', async () => {
  const server = await serve({
    ...{ what: 'the test', host: '127.0.0.1', port: 0, flag: '--port' },
    limits: { max: 3, perClient: Number.POSITIVE_INFINITY, clientAt: () => undefined },
    handle: (request, response) => {
      askForBody(request, response);
      void readText(request, { bytes: 100, what: 'the body' }).then(
        (text) => response.end(`got ${text}`),
        () => undefined,
      );
    },
  });
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close(0);
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(server.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  const upload = await open();
  upload.write('POST / HTTP/1.1\r\nHost: n\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n');
  expect(String((await once(upload, 'data'))[0])).toMatch(/^HTTP\/1\.1 100 /);
  upload.write('first');
  const silent = await open();
  const isCut = once(silent, 'close');
  await until('a silent connection made room', async () => {
    (await open()).destroy();
    return server.refused.silent > 0;
  });
  await isCut;
  expect(upload.destroyed).toBe(false);
  upload.write('later');
  expect(String((await once(upload, 'data'))[0])).toContain('got firstlater');
});
