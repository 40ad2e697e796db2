// A free port on loopback, for a sandbox that does not listen on it yet. Agents of one host look for ports at the same time: without
// a reservation two of them would now and then find the same one, and the reader of the one would be shown the sandbox of the other.
import { createServer, type Server } from 'node:net';
import { errorCode, FleetError } from '../../../shared/errors.ts';

/** Against other agents of this host. Another program may still take the port: that start fails, and the pool starts another one. */
export interface ReservedPort {
  readonly port: number;
  release(): void;
}

const TRIES = 50;

/** @throws FleetError `start-failed` when there is no free port that is not reserved */
export async function reservePort(): Promise<ReservedPort> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = await askForPort();
    const reserved = await reserve(port);
    if (reserved !== undefined) return reserved;
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

/**
 * By an abstract socket (unix(7)): its name is known where the port is, in this network namespace, and the system gives it up with this
 * process. Undefined where another agent has it. Who takes such names on purpose gains nothing: there are other ports.
 */
export function reserve(port: number): Promise<ReservedPort | undefined> {
  const server: Server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', (error) => {
      // Only Linux has such names; elsewhere there is no reservation.
      const isTaken = errorCode(error) === 'EADDRINUSE';
      resolve(isTaken ? undefined : { port, release: () => undefined });
    });
    server.listen(`\0tmpfleet-port-${port}`, () => {
      server.unref();
      resolve({ port, release: () => server.close() });
    });
  });
}
