// The table of this node's sandboxes, their counts by state, and why the last ones ended.
import { newSandboxId, shortId } from '../../shared/clock.ts';
import { BoundedMap } from '../../shared/collections/bounded-map.ts';
import {
  type EndReason,
  endSandbox,
  isHeld,
  moveSandbox,
  type SandboxState,
} from '../../shared/protocol/sandbox-state.ts';
import { clickOf } from '../../shared/protocol/ticket.ts';
import type { Trace } from '../../shared/tracing/tracer.ts';
import type { Address } from '../engine/engine.ts';
import type { StartTimes } from './start-times.ts';

/** The ticket by which a sandbox was claimed, and for what: a page's reader, or `POST /api/spawn`. */
export interface ClaimTicket {
  readonly nonce: string;
  readonly kind: 'page' | 'spawn';
}

/** `unknown`: recorded by a version that did not distinguish them, and gave out no key. */
export type ClaimedBy = 'reader' | 'program' | 'unknown';

/** One sandbox. Mutable, but only by the pool. Times are those of `SteadyClock`, in ms. */
export interface Sandbox {
  readonly id: string;
  readonly token: string;
  readonly createdAt: number;
  state: SandboxState;
  address: Address | undefined;
  image: string;
  /** Identity of everything it was made from besides the image, as the engine gives it. */
  readonly recipe: string;
  /** When its server last answered, ms of the monotonic clock; undefined before that, and after a restart. */
  answeredAt: number | undefined;
  /** The secret of its owner, made at the claim. */
  key: string | undefined;
  claimedBy: ClaimedBy | undefined;
  /** Names of the cookies that it has set. */
  readonly cookies: Set<string>;
  claimedAt: number | undefined;
  /** Of its present claim; undefined when the reader had none. */
  ticket?: ClaimTicket | undefined;
  lastUse: number | undefined;
  /** Started by this process, and never given out: see `isPristine`. */
  isUntouched?: boolean | undefined;
  /** Held by a front that tries the way of a reader. */
  isCanary?: boolean;
  /** The notebook whose kernel was started before there was a reader. */
  primed?: string | undefined;
  /** Its processes are stopped until its reader comes back; only the freezer changes this. It is held all the same. */
  frozen?: boolean | undefined;
  endReason: EndReason | undefined;
  /** Of the claim; only where it is traced. */
  trace?: Trace | undefined;
  /** Until it is claimed; only where clicks are traced. */
  startTimes?: StartTimes | undefined;
}

/** What logs call a sandbox, the click that it was claimed with, and the trace of that. None of them opens anything. */
export function loggable({ id, ticket, trace }: Pick<Sandbox, 'id' | 'ticket' | 'trace'>): {
  sandbox: string;
  click?: string;
  trace_id?: string;
} {
  return {
    sandbox: shortId(id),
    ...(ticket === undefined ? {} : { click: clickOf(ticket.nonce) }),
    ...(trace === undefined ? {} : { trace_id: trace.id }),
  };
}

/**
 * Whether no reader can have had a hand in what it answers: it is ready, this process has started it, and it was never given to
 * anybody, not even to a reader or a front that gave it back.
 */
export function isPristine({ state, isUntouched }: Pick<Sandbox, 'state' | 'isUntouched'>): boolean {
  return state === 'warm' && isUntouched === true;
}

/** A new sandbox that is about to start, with a new id and token. */
export function createSandbox(from: Pick<Sandbox, 'image' | 'recipe' | 'createdAt'>): Sandbox {
  return {
    ...from,
    id: newSandboxId(),
    token: newSandboxId(),
    state: 'starting',
    ...{ address: undefined, answeredAt: undefined, endReason: undefined },
    cookies: new Set(),
    isUntouched: true,
    ...{ key: undefined, claimedBy: undefined, claimedAt: undefined, lastUse: undefined },
  };
}

export interface Counts {
  readonly warm: number;
  readonly starting: number;
  readonly held: number;
  readonly removing: number;
}

/** How many endings are remembered, so that readers can read why their sandbox is gone. */
const REMEMBERED_ENDINGS = 1000;

export class SandboxTable {
  readonly #all = new Map<string, Sandbox>();
  readonly #endedAs = new BoundedMap<string, EndReason>(REMEMBERED_ENDINGS);
  readonly #ended = new Map<EndReason, number>();

  add(sandbox: Sandbox): void {
    this.#all.set(sandbox.id, sandbox);
  }

  get(id: string): Sandbox | undefined {
    return this.#all.get(id);
  }

  /** Oldest first, in order of creation. */
  all(): readonly Sandbox[] {
    return [...this.#all.values()];
  }

  inState(state: SandboxState): readonly Sandbox[] {
    return this.all().filter((sandbox) => sandbox.state === state);
  }

  /**
   * The warm sandbox that has waited longest; this way none grows old unused.
   * @param notebook one that is primed for it goes first
   */
  firstWarm(notebook?: string): Sandbox | undefined {
    let first: Sandbox | undefined;
    for (const sandbox of this.#all.values()) {
      if (sandbox.state !== 'warm') continue;
      if (notebook === undefined || sandbox.primed === notebook) return sandbox;
      first ??= sandbox;
    }
    return first;
  }

  move(sandbox: Sandbox, to: Exclude<SandboxState, 'removing'>): void {
    sandbox.state = moveSandbox(sandbox.state, to);
  }

  /** Marks it as used by its reader. */
  use(id: string, at: number): void {
    const sandbox = this.#all.get(id);
    if (sandbox === undefined || !isHeld(sandbox.state)) return;
    if (sandbox.state === 'claimed') this.move(sandbox, 'active');
    sandbox.lastUse = at;
  }

  /** Marks it as ending; false when it already is. */
  end(sandbox: Sandbox, reason: EndReason): boolean {
    if (sandbox.state === 'removing') return false;
    sandbox.state = endSandbox(sandbox.state, reason);
    sandbox.endReason = reason;
    this.#endedAs.set(sandbox.id, reason);
    return true;
  }

  /** Why the sandbox ended; known for the last thousand. */
  endedAs(id: string): EndReason | undefined {
    return this.#endedAs.get(id);
  }

  /** The engine confirmed that it is gone. */
  forget(sandbox: Sandbox): void {
    const { endReason = 'orphaned', isCanary = false } = sandbox;
    const isOver = isCanary && endReason === 'deleted';
    // That a canary has left is no news, unlike a crash under it.
    if (this.#all.delete(sandbox.id) && !isOver) this.countEnding(endReason);
  }

  countEnding(reason: EndReason): void {
    this.#ended.set(reason, (this.#ended.get(reason) ?? 0) + 1);
  }

  counts(): Counts {
    let warm = 0;
    let starting = 0;
    let held = 0;
    let removing = 0;
    for (const { state } of this.#all.values()) {
      if (state === 'warm') warm += 1;
      else if (state === 'starting') starting += 1;
      else if (isHeld(state)) held += 1;
      else removing += 1;
    }
    return { warm, starting, held, removing };
  }

  /** Those of the held ones whose processes are stopped. */
  get frozen(): number {
    let frozen = 0;
    for (const sandbox of this.#all.values())
      if (sandbox.frozen === true && isHeld(sandbox.state)) frozen += 1;
    return frozen;
  }

  endings(): Readonly<Partial<Record<EndReason, number>>> {
    return Object.fromEntries(this.#ended);
  }
}
