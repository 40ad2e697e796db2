// A free port on loopback. Between our letting go of it and the sandbox taking it another program may: then that
// start fails and the pool makes another.
import { createServer } from 'node:net';
import { FleetError } from '../../../shared/errors.ts';

const TRIES = 50;

/** @throws FleetError `start-failed` when every port found is reserved */
export async function freePort(isReserved: (port: number) => boolean): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = await askForPort();
    if (!isReserved(port)) return port;
  }
  throw new FleetError('start-failed', 'there is no free port on 127.0.0.1');
}

function askForPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
