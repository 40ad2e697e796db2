// A listener with TLS: real certificates, real connections, and what renews, limits and ends them.
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Serving, serve } from '../../../shared/http/serving.ts';
import type { ConnectionLimits } from '../../../shared/sockets/connection-limits.ts';
import { ServerCertificate } from '../../../shared/tls/server-certificate.ts';
import { Authority, type Certificate } from '../../lab/debian/authority.ts';
import { until } from '../../support/until.ts';

const SOON_MS = 20;

let dir: string;
let authority: Authority;
const pairs: Certificate[] = [];
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-tls-'));
  authority = await Authority.create(join(dir, 'authority'));
  for (const name of ['one.test', 'two.test']) pairs.push(await authority.issue(name));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const log: { readonly level: number; readonly msg: string; readonly problem?: string }[] = [];
const logger = pino({ base: null }, { write: (line) => void log.push(JSON.parse(line)) });
const errors = () => log.filter(({ level }) => level >= 50);

let config: { readonly tlsCert: string; readonly tlsKey: string };
let certificate: ServerCertificate | undefined;
let server: Serving;
const sockets: Socket[] = [];

/** Puts a pair below live/, in the way of certbot and Kubernetes: by another link to a directory. */
let generation = 0;
function install(cert: string, key: string): void {
  generation += 1;
  const files = join(dir, `generation-${generation}`);
  mkdirSync(files);
  writeFileSync(join(files, 'cert.pem'), cert);
  writeFileSync(join(files, 'key.pem'), key, { mode: 0o600 });
  symlinkSync(files, join(dir, 'next'));
  renameSync(join(dir, 'next'), join(dir, 'live'));
}
const installPair = (pair: Certificate | undefined): void =>
  install(readFileSync(pair?.cert ?? '', 'utf8'), readFileSync(pair?.key ?? '', 'utf8'));

async function start(limits?: ConnectionLimits, lookMs = SOON_MS): Promise<void> {
  certificate = ServerCertificate.open(config, { logger }, lookMs);
  server = await serve({
    ...{ what: 'the test', host: '127.0.0.1', port: 0, flag: '--port', tls: certificate },
    ...(limits && { limits }),
    handle: (_request, response) => void response.end('handled'),
    upgrade: (_request, socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nupgraded'),
  });
}
beforeEach(() => {
  log.splice(0);
  installPair(pairs[0]);
  config = { tlsCert: join(dir, 'live', 'cert.pem'), tlsKey: join(dir, 'live', 'key.pem') };
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close(0);
  await certificate?.close();
});

async function secure(maxVersion: SecureVersion = 'TLSv1.3'): Promise<TLSSocket> {
  const minVersion = maxVersion === 'TLSv1.1' ? 'TLSv1.1' : 'TLSv1.2';
  const socket = connect({
    ...{ port: server.port, host: '127.0.0.1', servername: 'one.test' },
    // The oldest versions need ciphers that OpenSSL does not offer by itself.
    ...{ rejectUnauthorized: false, maxVersion, minVersion, ciphers: 'DEFAULT@SECLEVEL=0' },
  });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  socket.on('error', () => socket.destroy());
  return socket;
}
async function plain(): Promise<Socket> {
  const socket = connectPlain(server.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}
async function answerOn(socket: Socket, more = ''): Promise<string> {
  socket.write(`GET / HTTP/1.1\r\nHost: one.test\r\n${more}\r\n`);
  const [chunk] = await once(socket, 'data');
  return String(chunk);
}
const nameShown = async (): Promise<string> => {
  const socket = await secure();
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
};

describe('a listener with a certificate', () => {
  test('serves requests and upgrades, and is at an https address', async () => {
    await start();
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
    const socket = await secure();
    expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 200 .*handled/s);
    expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await answerOn(socket, 'Connection: upgrade\r\nUpgrade: websocket\r\n')).toMatch(
      /101 .*upgraded/s,
    );
    expect(log[0]).toMatchObject({ msg: 'TLS certificate', names: 'DNS:one.test', days: expect.any(Number) });
  });

  test('speaks TLS 1.2, and nothing older', async () => {
    await start();
    expect((await secure('TLSv1.2')).getProtocol()).toBe('TLSv1.2');
    await expect(secure('TLSv1.1')).rejects.toThrow(/alert protocol version/);
  });

  test('ends a connection on which plain HTTP comes', async () => {
    await start();
    const socket = await plain();
    socket.write('GET / HTTP/1.1\r\nHost: one.test\r\n\r\n');
    await once(socket, 'close');
    expect(await answerOn(await secure())).toContain('handled');
  });

  test('closes though a peer never ends its handshake', async () => {
    await start();
    await plain();
    await until('the connection is there', async () => (await server.connections()) === 1);
    await server.close(1);
  });
});

describe('the limits of connections', () => {
  const each = { max: Number.POSITIVE_INFINITY, clientAt: (address: string) => address };

  test('count those of a client, before any handshake', async () => {
    await start({ ...each, perClient: 2 });
    const [first] = [await secure(), await plain()];
    const third = await plain();
    await once(third, 'close');
    expect(server.refused.client).toBe(1);
    expect(await answerOn(first)).toContain('handled');
  });

  test('near the maximum cut connections that are silent, and none that has spoken', async () => {
    await start({ ...each, max: 3, perClient: Number.POSITIVE_INFINITY });
    const spoken = await secure();
    await answerOn(spoken, 'Connection: upgrade\r\nUpgrade: websocket\r\n');
    const silent = await secure();
    const isCut = once(silent, 'close');
    await until('a silent connection made room', async () => {
      (await plain()).destroy();
      return server.refused.silent > 0;
    });
    await isCut;
    expect(spoken.destroyed).toBe(false);
  });
});

describe('a renewed certificate', () => {
  test('is taken when a link leads to it, for connections from then on', async () => {
    await start();
    const before = await secure();
    installPair(pairs[1]);
    await until('the new one is shown', async () => (await nameShown()) === 'two.test');
    expect(await answerOn(before)).toContain('handled');
    expect(errors()).toEqual([]);
  });

  test.each([
    [
      'whose key is another',
      () => [pairs[1]?.cert, pairs[0]?.key],
      /is not the key of the first certificate/,
    ],
    ['without a key', () => [pairs[1]?.cert, '/dev/null'], /holds no private key/],
    ['that is none', () => ['/dev/null', pairs[1]?.key], /does not begin with a certificate/],
  ])('%s is not: the one before stays, and the log says why', async (_, files, problem) => {
    await start();
    const [cert = '', key = ''] = files();
    install(readFileSync(cert, 'utf8'), readFileSync(key, 'utf8'));
    await until('the log says it', () => errors().length > 0);
    expect(errors()[0]?.problem).toMatch(problem);
    expect(await nameShown()).toBe('one.test');
    installPair(pairs[1]);
    await until('the mended one is shown', async () => (await nameShown()) === 'two.test');
    expect(errors()).toHaveLength(1);
  });

  test('is taken at once when the configuration is read again', async () => {
    await start(undefined, 3_600_000);
    installPair(pairs[1]);
    certificate?.readAgain();
    expect(await nameShown()).toBe('two.test');
  });
});
