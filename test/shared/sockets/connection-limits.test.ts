// Limits of open connections, on a real server.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { BeneathTls } from '../../../shared/sockets/beneath-tls.ts';
import {
  type ConnectionLimits,
  limitConnections,
  NO_CONNECTION_LIMITS,
  type RefusedConnections,
} from '../../../shared/sockets/connection-limits.ts';
import { until } from '../../support/until.ts';

interface Bed {
  readonly server: Server;
  readonly refused: RefusedConnections;
  readonly open: (from?: string) => Promise<Socket>;
}

async function start(limits: Partial<ConnectionLimits>): Promise<Bed> {
  const server = createServer((_request, response) => void response.end('served'));
  const refused = limitConnections(server, { ...NO_CONNECTION_LIMITS, ...limits }, new BeneathTls(server));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const open = async (from = '127.0.0.1'): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { server, refused, open };
}

const ask = async (socket: Socket): Promise<string> => {
  socket.write('GET / HTTP/1.1\r\nHost: n\r\n\r\n');
  const [chunk] = await once(socket, 'data');
  return String(chunk);
};

test('one connection too many of a client gets 429 and Retry-After; other clients are served', async () => {
  const { refused, open } = await start({ perClient: 2, clientAt: (address) => address });
  await open();
  await open();
  const third = await open();
  const [answer] = await once(third, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 429 .*Retry-After: \d+.*Too many connections/s);
  expect(await ask(await open('127.0.0.2'))).toContain('served');
  expect(refused).toEqual({ full: 0, client: 1, silent: 0 });
});

test('a client that closes a connection may open another', async () => {
  const { server, open } = await start({ perClient: 1, clientAt: (address) => address });
  const first = await open();
  expect(await ask(first)).toContain('served');
  first.destroy();
  await until(
    'it is closed',
    () => new Promise<boolean>((is) => server.getConnections((_, n) => is(n === 0))),
  );
  expect(await ask(await open())).toContain('served');
});

test('clients without a name are not limited', async () => {
  const { open } = await start({ perClient: 1, clientAt: () => undefined });
  await open();
  expect(await ask(await open())).toContain('served');
});

test('near the maximum, a silent connection makes room for a new one', async () => {
  const { refused, open } = await start({ max: 5 });
  const silent = await Promise.all(Array.from({ length: 4 }, () => open()));
  const closed = Promise.race(silent.map((socket) => once(socket.resume(), 'end')));
  // A connection counts as silent after a second.
  const answer = await until('a new one is served', async () => {
    const socket = await open();
    const text = await Promise.race([ask(socket), once(socket, 'end')]).catch(() => '');
    socket.destroy();
    return typeof text === 'string' && text.includes('served') && refused.silent > 0 ? text : undefined;
  });
  expect(answer).toContain('served');
  await closed;
});

test('connections beyond the maximum are closed at once', async () => {
  const { refused, open } = await start({ max: 2 });
  // Not idle, which would make room, and too young to count as silent.
  for (const _ of [1, 2]) await open();
  const third = await open();
  await once(third.resume(), 'end');
  expect(refused.full).toBeGreaterThan(0);
});
