// The line at a node without a front: puts its parts together. What a reader in line sees, and what their place is, is as at a front.
import type { Clock, Random } from '../../shared/clock.ts';
import { ExpiringSet } from '../../shared/collections/expiring-set.ts';
import { LineDesk } from '../../shared/line/desk.ts';
import { Estimate } from '../../shared/line/estimate.ts';
import type { LineOptions } from '../../shared/line/line.ts';
import { expiryOf } from '../../shared/line/place.ts';
import { Waiters } from '../../shared/line/waiters.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import type { Pool } from '../pool/pool.ts';
import { NodeGate } from './gate.ts';
import type { Turn } from './turn.ts';

export interface NodeDeskOptions
  extends Pick<LineOptions<Turn>, 'placesPerClient' | 'isExempt' | 'countAdmitted' | 'countLeft'> {
  /** Of places. */
  readonly keys: FleetKeys;
  readonly pool: Pick<Pool, 'status'>;
  /** Whether this node takes readers. */
  readonly isOpen: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long a turn that came to nothing is remembered, ms: longer than one is repeated. */
const REMEMBERED_MS = 60_000;

export class NodeDesk extends LineDesk<Turn> {
  readonly #gate: NodeGate;
  readonly #estimate: Estimate;
  readonly #desk: NodeDeskOptions;
  readonly #room: () => number;
  #returns = 0;

  constructor(options: NodeDeskOptions) {
    const { pool, isOpen, clock, countAdmitted } = options;
    const waiters = new Waiters<Turn>();
    const estimate = new Estimate();
    const room = (): number => {
      if (!isOpen()) return 0;
      const { warm, cold } = pool.status();
      return warm + cold;
    };
    const gate = new NodeGate({ waiters, room, clock });
    const counted = new ExpiringSet();
    super({
      ...{ ...options, waiters, estimate, gate },
      elsewhere: { waiting: 0, countAhead: () => 0 },
      pace: () => {
        const isFull = isOpen();
        const rate = isFull ? estimate.ratePerSecond(pool.status().held) : undefined;
        return { reason: isFull ? 'full' : 'closed', rate };
      },
      onRound: () => undefined,
      // A page's script is let in, and so is the page that it goes on to.
      countAdmitted: (admitted) => {
        const { place } = admitted;
        if (counted.add(place.text, expiryOf(place), clock.now())) countAdmitted(admitted);
      },
    });
    this.#desk = options;
    this.#estimate = estimate;
    this.#gate = gate;
    this.#room = room;
  }

  /** Whether all room there is belongs to readers in line. */
  owesAll(): boolean {
    return this.#gate.owesAll();
  }

  /** Whether there is no room for one who comes now. */
  isFull(): boolean {
    return this.#gate.owesAll() || this.#room() === 0;
  }

  /** To be called each second: measures how fast sandboxes end. */
  measure(): void {
    const { pool, clock } = this.#desk;
    const { held, claims } = pool.status();
    this.#estimate.report(this, { boot: '', claims, held, at: clock.now() });
  }

  /** The reader of a turn has no sandbox, and keeps their place. */
  keep({ place }: Turn, client: string): void {
    this.#returns += 1;
    const now = this.#desk.clock.now();
    this.takeBack(place.text, { name: String(this.#returns), expires: now + REMEMBERED_MS }, client);
  }
}
