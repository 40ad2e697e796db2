// Finds the fleet that a plan proposes: the fewest hosts, then the fewest warm sandboxes, then what is booked instead.

import { seededRandom } from '../../shared/clock.ts';
import { spellCount } from '../../shared/config/units.ts';
import { type Circumstances, expectOf, type FleetConfig, type Outcome } from './expect.ts';
import { peakOf, proposeBookings } from './propose.ts';
import { findLeast } from './search.ts';
import type { Targets } from './targets.ts';

export interface FindOptions {
  readonly given: Circumstances;
  readonly targets: Targets;
  /** Of each host. */
  readonly capacity: number;
  readonly starts: number;
  /** Undefined: to be found. */
  readonly hosts: number | undefined;
  readonly warm: number | undefined;
  readonly hasDate: boolean;
  /** Whether the time for the search is over. */
  readonly isLate: () => boolean;
  /** What is being tried. */
  readonly onTrial: (words: string) => void;
}

export interface Proposal extends Outcome {
  readonly fleet: FleetConfig;
  readonly isExact: boolean;
  readonly simulations: number;
}

const MOST_HOSTS = 10_000;
const ALL = Number.POSITIVE_INFINITY;
/** Of the fleet that is proposed: one could be luck. */
export const RUNS = 3;
/** Warm sandboxes that are proposed, for each that one series of arrivals needs. */
const MARGIN = 1.25;
/** A search with one series of arrivals may find too few hosts for others; so often one more is tried. */
const CORRECTIONS = 5;

/** Undefined where no number of hosts is enough, or the time was over before one was found. */
export function findFleet(options: FindOptions): Proposal | undefined {
  return new Finder(options).find();
}

class Finder {
  readonly #options: FindOptions;
  #simulations = 0;
  #isExact = true;

  constructor(options: FindOptions) {
    this.#options = options;
  }

  find(): Proposal | undefined {
    const { hosts: given } = this.#options;
    if (given !== undefined) return this.#certainly(this.#withHosts(given));
    let hosts = this.#leastHosts();
    for (let turn = 0; hosts !== undefined && turn < CORRECTIONS; turn += 1) {
      const proposal = this.#certainly(this.#withHosts(hosts));
      if (proposal?.isKept !== false) return proposal;
      hosts += Math.max(1, Math.round(hosts / 50));
    }
    return hosts === undefined ? undefined : this.#certainly([this.#fleet(hosts, ALL)]);
  }

  #fleet(hosts: number, warm: number): FleetConfig {
    const { capacity, starts } = this.#options;
    return { hosts, capacity, starts, warm, book: [] };
  }

  #leastHosts(): number | undefined {
    const { given, capacity, warm = ALL } = this.#options;
    const { arrivals } = given.schedule(given.seed);
    const peak = peakOf(arrivals, given, seededRandom(given.seed));
    return this.#least(Math.ceil(peak / capacity), MOST_HOSTS, (hosts) => this.#fleet(hosts, warm));
  }

  /** Fleets of so many hosts, the one to prefer first. */
  #withHosts(hosts: number): readonly FleetConfig[] {
    const { warm: fixed, given, capacity, hasDate } = this.#options;
    if (fixed !== undefined) return [this.#fleet(hosts, fixed)];
    const all = this.#fleet(hosts, ALL);
    const schedule = given.schedule(given.seed);
    const guess = ((schedule.peakRate / hosts) * given.image.startMs) / 1_000;
    const least = this.#least(guess + 3 * Math.sqrt(guess), capacity, (warm) => this.#fleet(hosts, warm));
    if (least === undefined) return [all];
    // Other crowds of the same shape may need some more.
    const warm = Math.min(capacity, Math.ceil(MARGIN * least));
    const constant = this.#fleet(hosts, warm);
    const booked = proposeBookings({ ...schedule, startsAt: given.startsAt, hasDate, warm });
    return [...(booked === undefined ? [] : [{ ...constant, ...booked }]), constant, all];
  }

  /** The first of the fleets that keeps the targets in several runs; else the last. */
  #certainly(fleets: readonly FleetConfig[]): Proposal | undefined {
    let last: Proposal | undefined;
    for (const fleet of fleets) {
      const { given, targets } = this.#options;
      this.#simulations += RUNS;
      this.#options.onTrial(`${describe(fleet)}, ${RUNS} times`);
      // What is proposed is known whole, even where the time is over.
      const outcome = expectOf(fleet, given, { runs: RUNS, targets, endsEarly: false, isLate: () => false });
      if (typeof outcome === 'string') continue;
      last = { ...outcome, fleet, isExact: this.#isExact, simulations: this.#simulations };
      if (outcome.isKept) return last;
    }
    return last;
  }

  #least(guess: number, most: number, fleetOf: (number: number) => FleetConfig): number | undefined {
    const { given, targets, isLate, onTrial } = this.#options;
    const { least, isExact } = findLeast({
      ...{ guess, most },
      isEnough: (number) => {
        if (isLate()) return undefined;
        const fleet = fleetOf(number);
        onTrial(describe(fleet));
        this.#simulations += 1;
        const outcome = expectOf(fleet, given, { runs: 1, targets, endsEarly: true, isLate });
        if (outcome === 'late') return undefined;
        return outcome !== 'missed' && outcome.isKept;
      },
    });
    this.#isExact &&= isExact;
    return least;
  }
}

function describe({ hosts, warm }: FleetConfig): string {
  return `${spellCount(hosts, 'host')} with ${warm === ALL ? 'all slots' : `${warm} each`} warm`;
}
