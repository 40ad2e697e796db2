// A free port on loopback. Another program may take it before the sandbox listens on it: that start fails then, and the
// pool starts another one.
import { createServer } from 'node:net';
import { FleetError } from '../../../shared/errors.ts';

const TRIES = 50;

/** @throws FleetError `start-failed` when there is no free port that is not reserved */
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
