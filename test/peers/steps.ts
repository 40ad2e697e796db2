// One end of a connection: says exact bytes, waits until an end has received something, closes. Keeps all that it received.
import type { Socket } from 'node:net';

/** Text is sent as bytes, one for each latin1 character. */
export type Step = string | Wait | 'FIN' | 'RESET';

/** Until one end has received this text, or its connection is over. */
export interface Wait {
  readonly until: 'reader' | 'sandbox';
  readonly has: string;
}

/** What `sandboxHas` finds once the peer has ended its side. */
export const ENDED = '<ended>';

export function readerHas(has: string): Wait {
  return { until: 'reader', has };
}

export function sandboxHas(has: string): Wait {
  return { until: 'sandbox', has };
}

/** What one end of the conversation has received, over all of its connections. */
export class Received {
  text = '';
  isOver = false;
  readonly #listeners = new Set<() => void>();

  add(bytes: string): void {
    this.text += bytes;
    this.changed();
  }

  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Resolves as soon as `holds` returns true. */
  when(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }
}

export async function take(
  steps: readonly Step[],
  socket: Socket,
  ends: Readonly<Record<Wait['until'], Received>>,
): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return;
    if (typeof step === 'object') {
      const end = ends[step.until];
      await end.when(() => end.text.includes(step.has) || end.isOver || socket.destroyed);
    } else if (step === 'FIN') socket.end();
    else if (step === 'RESET') {
      // What was written before must be on its way.
      await new Promise((resolve) => socket.write('', resolve));
      socket.resetAndDestroy();
    } else await new Promise<void>((resolve) => socket.write(step, 'latin1', () => resolve()));
  }
}
