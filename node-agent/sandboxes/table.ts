// What this node knows of each of its sandboxes, and the counts that `/stats` tells.
import {
  type EndReason,
  endSandbox,
  isHeld,
  moveSandbox,
  type SandboxState,
} from '../../shared/protocol/sandbox-state.ts';
import type { Address } from '../engine/engine.ts';

/** One sandbox. Mutable, but only through `SandboxTable`. Times in ms since 1970. */
export interface Sandbox {
  readonly id: string;
  readonly token: string;
  readonly createdAt: number;
  state: SandboxState;
  address: Address | undefined;
  image: string;
  /** Who may come back to it: the random part of the reader's cookie. */
  owner: string | undefined;
  claimedAt: number | undefined;
  lastUse: number | undefined;
  endReason: EndReason | undefined;
}

export interface Counts {
  readonly warm: number;
  readonly starting: number;
  readonly held: number;
  readonly removing: number;
}

export class SandboxTable {
  readonly #all = new Map<string, Sandbox>();
  readonly #ended = new Map<EndReason, number>();

  add(sandbox: Sandbox): void {
    this.#all.set(sandbox.id, sandbox);
  }

  get(id: string): Sandbox | undefined {
    return this.#all.get(id);
  }

  /** Oldest first: the order they were added in. */
  all(): readonly Sandbox[] {
    return [...this.#all.values()];
  }

  inState(state: SandboxState): readonly Sandbox[] {
    return this.all().filter((sandbox) => sandbox.state === state);
  }

  /** The longest-waiting warm one: it is the most proven, and none grows old unused. */
  firstWarm(): Sandbox | undefined {
    for (const sandbox of this.#all.values()) if (sandbox.state === 'warm') return sandbox;
    return undefined;
  }

  move(sandbox: Sandbox, to: Exclude<SandboxState, 'removing'>): void {
    sandbox.state = moveSandbox(sandbox.state, to);
  }

  /** Marks it as ending; false when it already was. */
  end(sandbox: Sandbox, reason: EndReason): boolean {
    if (sandbox.state === 'removing') return false;
    sandbox.state = endSandbox(sandbox.state, reason);
    sandbox.endReason = reason;
    return true;
  }

  /** The engine confirmed that it is no more. */
  forget(sandbox: Sandbox): void {
    if (this.#all.delete(sandbox.id)) this.countEnding(sandbox.endReason ?? 'orphaned');
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

  endings(): Readonly<Partial<Record<EndReason, number>>> {
    return Object.fromEntries(this.#ended);
  }
}
