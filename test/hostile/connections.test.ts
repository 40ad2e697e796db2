// Attacks with connections: many, silent, half-sent, or kept open by their peer after we ended them.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-connections-'));
const UNDER_512: readonly string[] = ['bash', '-c', 'ulimit -n 512; exec "$@"', 'bash'];
const HANDSHAKE =
  'Host: n\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const descriptorsOf = ({ pid }: Run): number => readdirSync(`/proc/${pid}/fd`).length;

/** A peer that keeps its side open whatever we do. */
function open(url: string, first = ''): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.on('error', () => socket.destroy());
  if (first !== '') socket.write(first);
  return socket.resume();
}

async function start(
  name: string,
  args: readonly string[],
  enter: readonly string[] = [],
): Promise<[Run, string]> {
  const common = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--log-format', 'json'];
  const run = tmpfleet([...args, ...common, '--data-dir', join(dir, name)], {}, enter);
  const [, url = ''] = await run.printed(/"url":"(http:[^"]+)","control"/, 30_000);
  return [run, url];
}

describe('at 512 open files', () => {
  let front: Run;
  let url = '';
  beforeAll(async () => {
    [front, url] = await start('front', ['redirector'], UNDER_512);
  });
  afterAll(() => front.stop());

  test('600 silent, half-sent and refused connections do not shut the front, and are all let go', {
    timeout: 90_000,
  }, async () => {
    const before = descriptorsOf(front);
    const half = 'POST /api/spawn HTTP/1.1\r\nHost: n\r\nContent-Length: 1000\r\n\r\nhalf';
    const kinds = [
      '',
      half,
      `GET / HTTP/1.1\r\n${HANDSHAKE}\r\n`,
      'GET /half HTTP/1.1\r\nHost: n\r\nX-Half: ',
    ];
    const sockets = Array.from({ length: 600 }, (_, n) => open(url, kinds[n % kinds.length]));
    try {
      // A reader who is refused a connection tries again, as browsers do.
      const status = await until('a reader is answered', async () => {
        const answer = await fetch(`${url}/stats`, { signal: AbortSignal.timeout(1_000) }).catch(
          () => undefined,
        );
        return answer?.status;
      });
      expect(status).toBe(200);
      await until('the front has let all go', () => descriptorsOf(front) <= before + 4, 60_000);
      expect(front.output()).toContain('"maxConnections":384');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('at a node', () => {
  let node: Run;
  let url = '';
  let base = '';
  let token = '';
  beforeAll(async () => {
    const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
    const engine = ['--engine', 'local', '--command', command, '--capacity', '1', '--ephemeral'];
    [node, url] = await start('node', ['node-agent', ...engine]);
    const spawned = await until('a sandbox is there', async () => {
      const answer = await fetch(`${url}/api/spawn`, { method: 'POST' });
      return answer.ok ? spawnAnswerSchema.loose().parse(await answer.json()) : undefined;
    });
    base = spawned.url;
    token = 'token' in spawned && typeof spawned.token === 'string' ? spawned.token : '';
  });
  afterAll(() => node.stop());

  test('3,000 WebSockets of one reader: a hundred are kept, the others get 429', {
    timeout: 90_000,
  }, async () => {
    const upgrade = `GET ${base}ws HTTP/1.1\r\n${HANDSHAKE}${token === '' ? '' : `Authorization: token ${token}\r\n`}\r\n`;
    const before = descriptorsOf(node);
    const sockets: Socket[] = [];
    const statuses = new Map<string, number>();
    const worker = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) {
        const socket = open(url, upgrade);
        sockets.push(socket);
        const answer = await new Promise<string>((resolve) => {
          socket.once('data', (chunk) => resolve(String(chunk).slice(9, 12)));
          socket.once('close', () => resolve('closed'));
        });
        statuses.set(answer, (statuses.get(answer) ?? 0) + 1);
      }
    };
    try {
      await Promise.all(Array.from({ length: 30 }, () => worker(100)));
      expect(Object.fromEntries(statuses)).toEqual({ 101: 100, 429: 2_900 });
      // Two for each that is kept; those that were refused keep theirs for two seconds at most.
      await until('the refused are let go', () => descriptorsOf(node) <= before + 2 * 100 + 8);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});
