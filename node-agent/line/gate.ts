// Lets readers in line in at a node without a front, by the time of their arrival, as there is room. A reader between two requests
// keeps their turn for some seconds: the room for them is not given to one who came later.
import type { Clock } from '../../shared/clock.ts';
import type { LineGate } from '../../shared/line/line.ts';
import { hasTurn, type Waiter, type Waiters } from '../../shared/line/waiters.ts';
import { Turn } from './turn.ts';

export interface NodeGateOptions {
  readonly waiters: Waiters<Turn>;
  /** Sandboxes that could be claimed now, those that would have to start included. */
  readonly room: () => number;
  readonly clock: Clock;
}

export class NodeGate implements LineGate<Turn> {
  readonly #options: NodeGateOptions;
  /** Turns of which the claim is not made yet. */
  #turns = 0;

  constructor(options: NodeGateOptions) {
    this.#options = options;
  }

  /** Whether all room there is belongs to readers in line. */
  owesAll(): boolean {
    const { waiters, clock } = this.#options;
    if (waiters.requests > 0) return true;
    const owed = waiters.countTurns(clock.monotonic());
    return (owed > 0 || this.#turns > 0) && this.#room() <= owed;
  }

  admit(letIn: (waiter: Waiter<Turn>, turn: Turn) => void): void {
    const { waiters, clock } = this.#options;
    let room = waiters.requests === 0 ? 0 : this.#room();
    if (room <= 0) return;
    const now = clock.monotonic();
    for (const waiter of [...waiters.all()]) {
      if (waiter.requests.length > 0) {
        this.#turns += 1;
        letIn(waiter, new Turn(waiter.place, () => this.#endTurn()));
      } else if (!hasTurn(waiter, now)) continue;
      room -= 1;
      if (room === 0) return;
    }
  }

  #endTurn(): void {
    this.#turns -= 1;
  }

  #room(): number {
    return this.#options.room() - this.#turns;
  }
}
