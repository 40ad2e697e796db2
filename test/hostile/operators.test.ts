// What others could do with the orders of operators: users of the same host, and commands that print without end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { frameOf } from '../../shared/protocol/exec.ts';
import { peerUserOf } from '../../shared/sockets/peer-user.ts';
import { Bench, listen } from '../redirector/support.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { processesWith } from '../support/processes.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const TOKEN = 'a-token-of-the-control-listener';
/** `nobody` on every system. */
const STRANGER = 65_534;

async function open(env: Readonly<Record<string, string>> = {}): Promise<readonly [TestAgent, string]> {
  const agent = bench.keep(await startAgent({ capacity: '1' }, env));
  await agent.warm(1);
  return [agent, `${agent.controlUrl}/api/sandboxes/${agent.pool.table.all()[0]?.id}/exec`];
}

const COMMAND = JSON.stringify({ command: ['id'] });

/** Prints the status of the answer. perl, because every user can run it. */
const POST = `use IO::Socket::INET;
my ($host, $port, $path, $body, @headers) = @ARGV;
my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port) or die;
my $head = join '', map { "$_\\r\\n" } "POST $path HTTP/1.1", "Host: $host:$port", 'Connection: close', 'Content-Length: ' . length $body, @headers;
print $socket "$head\\r\\n$body";
print((split ' ', <$socket>)[1]);`;

/** `POST` by a user of this host; the status. */
async function postAs(uid: number, url: string, ...headers: string[]): Promise<string> {
  const { hostname, port, pathname } = new URL(url);
  const args = ['-e', POST, hostname, port, pathname, COMMAND, ...headers];
  const child = spawn('perl', args, { uid, gid: uid, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  await once(child, 'close');
  return out;
}

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';

test('another user of the host runs nothing in a sandbox without the control token', async ({ skip }) => {
  if (!isRoot) skip('only root can ask as another user');
  const [agent, url] = await open();
  expect(await postAs(STRANGER, url)).toBe('403');
  expect(await postAs(STRANGER, `${agent.controlUrl}/api/uncordon`)).toBe('200');
  expect(await postAs(0, url)).toBe('200');
  const [, closed] = await open({ TMPFLEET_CONTROL_TOKEN: TOKEN });
  expect(await postAs(STRANGER, closed)).toBe('401');
  expect(await postAs(0, closed)).toBe('401');
  expect(await postAs(STRANGER, closed, `Authorization: Bearer ${TOKEN}`)).toBe('200');
});

test('the user at the other end of a connection is the one that made it', async () => {
  for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    const found: (number | undefined)[] = [];
    const server = await listen(
      async ({ socket }, response) => {
        found.push(await peerUserOf(socket));
        response.end();
      },
      0,
      host.includes('::1') ? '::1' : '127.0.0.1',
    ).catch(() => undefined);
    // A host without IPv6.
    if (server === undefined) continue;
    await fetch(server.url);
    await server.close();
    expect(found).toEqual([process.getuid?.()]);
  }
  expect(
    await peerUserOf({ remoteAddress: '192.0.2.1', remotePort: 1, localAddress: '192.0.2.2', localPort: 2 }),
  ).toBe(undefined);
});

/** Begins a command, and reads nothing of its answer. */
async function begin(url: string, command: readonly string[]): Promise<IncomingMessage> {
  const asking = request(url, { method: 'POST', agent: false });
  asking.end(JSON.stringify({ command }));
  const [answer] = await once(asking, 'response');
  return answer;
}

/** Bytes that the process has written so far. */
const writtenBy = (pid: number): number =>
  Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);

test('a command that prints without end waits for a slow caller, and ends when they go', async () => {
  const [agent, url] = await open();
  const answer = await begin(url, ['sh', '-c', 'exec yes 76543210987']);
  expect(answer.statusCode).toBe(200);
  const [pid = 0] = await until('it prints', () => {
    const pids = processesWith('76543210987');
    return pids.length > 0 && pids;
  });
  let last = -1;
  await until('it waits', async () => {
    await delay(100);
    const before = last;
    last = writtenBy(pid);
    return last > 0 && last === before;
  });
  expect(last).toBeLessThan(32 * 1024 * 1024);
  // The node serves others meanwhile.
  expect((await fetch(`${agent.url}/stats`)).status).toBe(200);
  answer.destroy();
  await until('it is gone', () => processesWith('76543210987').length === 0);
});

test('sixteen commands at a time, and no more', async () => {
  const [, url] = await open();
  const answers = [];
  for (let n = 0; n < 16; n += 1) answers.push(await begin(url, ['sleep', '87654']));
  const refused = await begin(url, ['true']);
  expect(refused.statusCode).toBe(503);
  refused.destroy();
  for (const answer of answers) answer.destroy();
  await until('they are gone', () => processesWith('87654').length === 0);
  await until('others may run', async () => {
    const answer = await begin(url, ['true']);
    answer.resume();
    return answer.statusCode === 200;
  });
});

test.each([
  ['nothing', ''],
  ['no JSON', 'rm -rf /'],
  ['no command', '{}'],
  ['an empty command', '{"command":[]}'],
  ['too many words', JSON.stringify({ command: Array(1_000).fill('x') })],
])('a body with %s is refused', async (_, body) => {
  const [, url] = await open();
  expect((await fetch(url, { method: 'POST', body })).status).toBe(400);
});

test('a first line without end is refused', async () => {
  const [, url] = await open();
  expect(
    (await fetch(url, { method: 'POST', body: 'x'.repeat(1024 * 1024) }).catch(() => ({ status: 413 })))
      .status,
  ).toBe(413);
});

test('what a command prints makes no frame of ours', async () => {
  const [, url] = await open();
  const forged = frameOf(3, Buffer.from('{"exit_code":0}'))
    .toString('latin1')
    .replaceAll('\0', '\\000')
    .replaceAll('"', '\\"');
  const answer = await begin(url, ['sh', '-c', `printf '${forged}'; exit 9`]);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  expect(all.readUInt8(0)).toBe(1);
  expect(all.subarray(-15).toString()).toBe('{"exit_code":9}');
});
