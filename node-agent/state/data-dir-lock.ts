// One agent at a time in a data directory. A second one, started by mistake, would put a journal of its own in the
// place of the first one's before it met the port that is taken; the first would go on writing to a file that is no
// more, and after its next restart readers' sandboxes would be nobody's.
// What holds the directory is a Unix socket in Linux's abstract namespace (unix(7)): it goes with its process however
// that ends, so nothing stale is ever left. Elsewhere than on Linux nothing is held.
import { mkdirSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';

export interface DataDir {
  release(): Promise<void>;
}

const ASK_MS = 1_000;

/**
 * Makes the directory where there is none, and holds it.
 * @throws FleetError `bad-config` when it cannot be used, `conflict` when another agent holds it
 */
export async function holdDataDir(path: string): Promise<DataDir> {
  const name = nameOf(path);
  if (process.platform !== 'linux') return { release: async () => undefined };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  try {
    await listen(server, name);
  } catch (cause) {
    if (errorCode(cause) !== 'EADDRINUSE') throw cause;
    const pid = await askPid(name);
    const whose = pid === undefined ? 'another agent' : `the agent of process ${pid}`;
    throw new FleetError('conflict', `data-dir: ${JSON.stringify(path)} is in use by ${whose}`, {
      cause,
      remedy: 'stop that one first, or give this one a data directory, a node id and ports of its own',
    });
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** By what the directory is, not by how it is spelt. */
function nameOf(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const { dev, ino } = statSync(path, { bigint: true });
    return `\0tmpfleet-node-agent/${dev}/${ino}`;
  } catch (cause) {
    throw new FleetError(
      'bad-config',
      `data-dir: ${JSON.stringify(path)} cannot be used: ${describeError(cause)}`,
      { cause },
    );
  }
}

function listen(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(name, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Of whoever holds it, if they say. */
function askPid(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(name);
    socket.setEncoding('utf8').setTimeout(ASK_MS, () => socket.destroy());
    socket.on('data', (chunk: string) => {
      said += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(/^\d{1,10}$/.test(said) ? said : undefined));
  });
}
