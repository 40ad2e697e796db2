// An internet for one engine's host: a network namespace beyond it that answers at every address that a test wants.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { DockerLab } from '../docker/docker.ts';
import { run } from '../run.ts';

/** Public addresses without a route on the machine: all traffic stays within the namespaces. */
export const HOST_PUBLIC = '11.22.0.1';
const GATEWAY = '11.22.0.2';

export interface Internet {
  stop(): Promise<void>;
}

/** Answers on TCP 80 and 25 of all its addresses; on UDP 53 of `named` it returns that address for any name. */
const SERVER = `
const [named] = process.argv.slice(1);
for (const port of [80, 25]) require('net').createServer((socket) => socket.on('error', () => 0).end('hello')).listen(port, '0.0.0.0');
const names = require('dgram').createSocket('udp4');
names.on('message', (query, { port, address }) => {
  const end = query.indexOf(0, 12) + 5;
  const isA = query.readUInt16BE(end - 4) === 1;
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...named.split('.').map(Number)]);
  names.send(Buffer.concat([head, query.subarray(12, end), ...(isA ? [answer] : [])]), port, address);
});
names.bind(53, named, () => console.log('up'));
`;

/** @param addresses the addresses that answer, for the host at least */
export async function startInternet(
  lab: DockerLab,
  addresses: readonly string[],
  named: string,
): Promise<Internet> {
  const space = `tfl-inet-${process.pid}`;
  await run('ip', ['netns', 'add', space]);
  let server: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    server?.kill('SIGKILL');
    await run('ip', ['netns', 'del', space]);
  };
  try {
    const there = ['nsenter', `--net=/run/netns/${space}`];
    const host = (...args: string[]) => runIn(lab.enter, ['ip', ...args]);
    const inet = (...args: string[]) => runIn(there, ['ip', ...args]);
    await host('link', 'add', 'inet0', 'type', 'veth', 'peer', 'name', 'wan0', 'netns', space);
    await host('addr', 'add', `${HOST_PUBLIC}/30`, 'dev', 'inet0');
    await host('link', 'set', 'inet0', 'up');
    await inet('link', 'set', 'lo', 'up');
    await inet('addr', 'add', `${GATEWAY}/30`, 'dev', 'wan0');
    await inet('link', 'set', 'wan0', 'up');
    for (const address of addresses) {
      await inet('addr', 'add', `${address}/32`, 'dev', 'lo');
      await host('route', 'add', `${address}/32`, 'via', GATEWAY);
    }
    const [program = '', ...enter] = there;
    server = spawn(program, [...enter, process.execPath, '-e', SERVER, named], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (server.stdout !== null) await once(server.stdout, 'data');
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function runIn([program = '', ...enter]: readonly string[], command: readonly string[]): Promise<string> {
  return run(program, [...enter, ...command]);
}
