// While our own loop stands still, what a peer has sent lies unread, and timers that are due then run before anything is read: whom
// they find late may have been in time. So it is looked at once more when that has been read.
import type { Duplex } from 'node:stream';

/** Calls `check` when what lies in the sockets has been read: timers run first in a turn of the loop, then reads, then this. */
export function onceRead(check: () => void): void {
  setImmediate(check);
}

export interface LateHead {
  readonly socket: Duplex & { readonly bytesRead?: number };
  /** What is another one once a whole head has been read. */
  readonly latest: () => unknown;
  readonly refuse: () => void;
  /** How long a head may take. ms */
  readonly timeoutMs: number;
}

/**
 * Refuses a request whose head is late, unless all of it lay unread. One of which a part lay there has the time once more: Node
 * does not watch it again.
 */
export function refuseLateHead({ socket, latest, refuse, timeoutMs }: LateHead): void {
  const [before, read] = [latest(), socket.bytesRead];
  const refuseIfLate = (): void => {
    if (latest() === before && !socket.destroyed) refuse();
  };
  onceRead(() => {
    if (socket.bytesRead === read || latest() !== before) return refuseIfLate();
    const timer = setTimeout(() => onceRead(refuseIfLate), timeoutMs);
    socket.once('close', () => clearTimeout(timer));
  });
}
