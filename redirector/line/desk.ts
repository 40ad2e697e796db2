// The line at a front: puts its parts together, and reads places that come back with a reader whom a node sent away.
import type { Random } from '../../shared/clock.ts';
import { LineDesk } from '../../shared/line/desk.ts';
import { Estimate } from '../../shared/line/estimate.ts';
import type { LineOptions } from '../../shared/line/line.ts';
import type { Place } from '../../shared/line/place.ts';
import { Waiters } from '../../shared/line/waiters.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import type { Ticket } from '../../shared/protocol/ticket.ts';
import type { NodeView } from '../nodes/node-view.ts';
import type { Sent } from '../placement/dispatcher.ts';
import { Gate, type GateOptions } from './gate.ts';
import { OtherFronts } from './other-fronts.ts';
import { heldAt, useOf } from './use-of-nodes.ts';

type LimitsAndCounts = Pick<
  LineOptions<Sent>,
  'placesPerClient' | 'isExempt' | 'countAdmitted' | 'countLeft'
>;

export interface FrontDeskOptions extends Omit<GateOptions, 'others'>, LimitsAndCounts {
  readonly keys: FleetKeys;
  readonly redirector: string;
  readonly boot: string;
  readonly random: Random;
  /** Polls a node now instead of at its turn. */
  readonly askNow: (view: NodeView) => void;
}

/** While readers wait, each node is polled at least this often. ms */
const POLL_MS = 1_000;
const POLLED_AT_ONCE = 100;

export class FrontDesk extends LineDesk<Sent> {
  readonly #gate: Gate;
  readonly #others: OtherFronts;

  constructor(options: FrontDeskOptions) {
    const { fleet, dispatcher, clock } = options;
    const waiters = new Waiters<Sent>();
    const estimate = new Estimate();
    const others = new OtherFronts(options);
    const gate = new Gate(waiters, { ...options, others });
    super({
      ...{ ...options, waiters, estimate, gate },
      elsewhere: others,
      pace: () => {
        const reason = dispatcher.refusalReason();
        const isFull = reason === 'full';
        const rate = isFull ? estimate.ratePerSecond(heldAt(fleet.views(), clock.now())) : undefined;
        return { reason, rate };
      },
      onRound: () => pollSoon(options),
    });
    this.#gate = gate;
    this.#others = others;
    const update = (view: NodeView): void => {
      const use = useOf(view);
      if (use !== undefined) estimate.report(view, use);
      others.report(view);
      this.line.admit();
    };
    fleet.watch({ update, remove: () => this.line.admit() });
  }

  /** The place that a reader shows, or with which a node has sent them back. @param bounce the ticket of the latter */
  readVisit(text: string | undefined, bounce: Ticket | undefined, client: string): Place | undefined {
    if (bounce === undefined) return this.read(text);
    const { nonce, node, hops, expires, tried } = bounce;
    const back = { name: `${node}/${hops}/${expires}`, expires };
    return this.takeBack(nonce, back, client, tried) ?? this.read(nonce) ?? this.read(text);
  }

  /** Whether readers wait here or at another front, so that one who comes now has to stand in line. */
  get isBusy(): boolean {
    return this.#gate.isBusy;
  }

  /** Whether all room there is belongs to readers in line. */
  owesAll(): boolean {
    return this.#gate.owesAll();
  }

  /** What this front says of its line in its next poll; undefined where there is nothing to say. */
  claim(): string | undefined {
    return this.#others.say(() => this.#gate.ownLine());
  }
}

function pollSoon({ fleet, clock, askNow }: FrontDeskOptions): void {
  const due = clock.now() - POLL_MS;
  let polled = 0;
  for (const view of fleet.views()) {
    if (view.reachability === 'unreachable' || view.askedAt > due) continue;
    askNow(view);
    polled += 1;
    if (polled === POLLED_AT_ONCE) return;
  }
}
