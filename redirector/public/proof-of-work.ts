// Asks for a small proof of work while the fleet is nearly full: one who wants many sandboxes, from however many
// addresses, pays for each with computing time, and a reader's browser pays once, by itself.
//
// A challenge is `<time>~<nonce>~<mac>`, so that a front keeps nothing of those it gave out, and every front of the fleet
// knows it. A solved one counts once at each front.
import { type Clock, newNonce } from '../../shared/clock.ts';
import { ExpiringSet } from '../../shared/collections/expiring-set.ts';
import { FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { isSolved, WORK_BITS, WORK_NAME } from '../../shared/protocol/proof-of-work.ts';
import type { FleetRoom } from '../nodes/summary.ts';

/** Time to solve a challenge in: a phone that sleeps meanwhile gets another. ms */
const CHALLENGE_MS = 120_000;
/** The clocks of two fronts may differ by this. ms */
const CLOCK_SKEW_MS = 60_000;
/** How often the room of the fleet is summed up, ms. */
const LOOK_MS = 500;
const NONCE_CHARACTERS = 8;
/** 54 characters at most, as `isSolved` wants. */
const WORK = /^([0-9a-z]{8,9}~[0-9a-f]{8})~([\w-]{22})\.\d{1,12}$/;

/** `none`: no work was shown. `late`: its challenge is too old. `wrong`: not a solution, or not of our challenge. */
export type Shown = 'good' | 'none' | 'late' | 'spent' | 'wrong';

export interface ProofOfWorkOptions {
  readonly keys: FleetKeys;
  /** Work is asked for while less than this part of the fleet is free, 0 to 1; 0: never. */
  readonly config: { readonly proofOfWorkBelow: number };
  readonly room: () => FleetRoom;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ProofOfWork {
  readonly #options: ProofOfWorkOptions;
  readonly #spent = new ExpiringSet();
  readonly counts: Record<Shown, number> = { good: 0, none: 0, late: 0, spent: 0, wrong: 0 };
  #isAsked = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProofOfWorkOptions) {
    this.#options = options;
  }

  /** Whether readers have to show work now. */
  get isAsked(): boolean {
    const { config, clock } = this.#options;
    if (config.proofOfWorkBelow === 0) return false;
    const now = clock.monotonic();
    if (now - this.#lookedAt >= LOOK_MS) {
      this.#lookedAt = now;
      this.#look();
    }
    return this.#isAsked;
  }

  challenge(): string {
    const { keys, clock } = this.#options;
    const text = `${clock.now().toString(36)}~${newNonce().slice(0, NONCE_CHARACTERS)}`;
    return `${text}~${keys.challenges.sign(text)}`;
  }

  /** Checks, counts and uses up the work that a reader or program shows. */
  take(work: string | undefined): Shown {
    const shown = this.#take(work);
    this.counts[shown] += 1;
    return shown;
  }

  #take(work: string | undefined): Shown {
    if (work === undefined || work === '') return 'none';
    const [, text, signature = ''] = WORK.exec(work) ?? [];
    if (text === undefined || !isSolved(work) || !this.#options.keys.challenges.verify(text, signature))
      return 'wrong';
    const now = this.#options.clock.now();
    const until = Number.parseInt(text, 36) + CHALLENGE_MS;
    if (until < now || until > now + CHALLENGE_MS + CLOCK_SKEW_MS) return 'late';
    return this.#spent.add(text, until, now) ? 'good' : 'spent';
  }

  #look(): void {
    const { config, room, logger } = this.#options;
    const { free, capacity } = room();
    const isAsked = capacity > 0 && free < config.proofOfWorkBelow * capacity;
    if (isAsked === this.#isAsked) return;
    this.#isAsked = isAsked;
    logger.info(
      { free, capacity },
      isAsked
        ? 'nearly full: new readers have to show a proof of work'
        : 'new readers need no proof of work any more',
    );
  }
}

/** The work in a query, and the query without it. Ours is the last parameter, because our own page appends it. */
export function splitWork(rawQuery: string): { readonly query: string; readonly work: string | undefined } {
  const at = rawQuery.lastIndexOf(`${WORK_NAME}=`);
  const isWhole = at === 0 || rawQuery[at - 1] === '&';
  if (at < 0 || !isWhole) return { query: rawQuery, work: undefined };
  return { query: rawQuery.slice(0, Math.max(0, at - 1)), work: rawQuery.slice(at + WORK_NAME.length + 1) };
}

/** For a program: its remedy says how to go on. */
export function workError(proof: ProofOfWork, shown: Shown): FleetError {
  const why = shown === 'none' ? 'the fleet is nearly full' : `the work shown is ${REASONS[shown]}`;
  return new FleetError('proof-of-work', `${why}: a new sandbox costs a proof of work`, {
    remedy: `find a number n so that SHA-256 of "<challenge>.<n>" begins with ${WORK_BITS} zero bits, and repeat the request with the header "Tmpfleet-Work: <challenge>.<n>"`,
    details: { challenge: proof.challenge(), bits: WORK_BITS },
  });
}

const REASONS: Readonly<Record<Shown, string>> = {
  good: 'good',
  none: 'missing',
  late: 'of a challenge that is too old',
  spent: 'used up',
  wrong: 'no solution of a challenge of this fleet',
};
