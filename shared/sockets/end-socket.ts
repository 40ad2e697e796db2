// Ends a connection for certain: a peer that keeps its side open must not keep ours.
import type { Duplex } from 'node:stream';

/** Longest time that a socket stays open after we have ended it (ms); enough for a peer to read a last answer. */
export const END_GRACE_MS = 2_000;

/**
 * Sends `last`, ends the socket, discards what still arrives, and destroys the socket after `END_GRACE_MS` at the latest.
 * Without the destruction, a peer that never closes would hold the descriptor for as long as it likes.
 */
export function endSocket(socket: Duplex, last = ''): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), END_GRACE_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.on('error', () => socket.destroy());
  socket.end(last);
  // Unread bytes would turn the end into a reset, and the peer could lose the last answer.
  socket.resume();
}
