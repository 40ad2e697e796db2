// The node's own state: ready, cordoned, draining until a deadline, drained.
import type { Clock } from '../../shared/clock.ts';
import { moveNode, type NodeEvent, type NodeState } from '../../shared/protocol/node-state.ts';
import type { NodeStateFile, NodeStateRecord } from './state-file.ts';

export type LifecycleState = Pick<NodeStateRecord, 'state' | 'deadline' | 'forced'>;

export class NodeLifecycle {
  readonly #file: NodeStateFile;
  readonly #clock: Clock;
  readonly #canRecordClaims: () => boolean;
  #leaving = false;

  /** @param canRecordClaims while it returns false, a ready node counts as cordoned: it gives out no sandbox */
  constructor(file: NodeStateFile, clock: Clock, canRecordClaims: () => boolean = () => true) {
    this.#file = file;
    this.#clock = clock;
    this.#canRecordClaims = canRecordClaims;
  }

  get current(): LifecycleState {
    const { state, deadline, forced } = this.#file.record;
    return { state, deadline, forced };
  }

  get state(): NodeState {
    const { state } = this.#file.record;
    return state === 'ready' && (this.#leaving || !this.#canRecordClaims()) ? 'cordoned' : state;
  }

  /** The process is stopping: no new readers. Not saved, so the next run starts in the present state. */
  leave(): void {
    this.#leaving = true;
  }

  cordon(): LifecycleState {
    return this.#move('cordon', { deadline: null, forced: null });
  }

  uncordon(): LifecycleState {
    return this.#move('uncordon', { deadline: null, forced: null });
  }

  /** @param deadlineMs from now; 0 ends readers at once */
  drain(deadlineMs: number): LifecycleState {
    return this.#move('drain', { deadline: this.#clock.now() + deadlineMs, forced: null });
  }

  /** To be called regularly: ends readers past the deadline through `endHeld`, and detects when no sandbox is left. */
  sweep(left: number, endHeld: () => number): void {
    const { state, deadline } = this.#file.record;
    if (state !== 'draining') return;
    if (deadline !== null && this.#clock.now() >= deadline && left > 0 && endHeld() > 0) {
      this.#file.save({ forced: true });
    }
    if (left === 0) this.#move('emptied', { deadline: null, forced: this.#file.record.forced ?? false });
  }

  #move(event: NodeEvent, rest: Omit<LifecycleState, 'state'>): LifecycleState {
    this.#file.save({ state: moveNode(this.#file.record.state, event), ...rest });
    return this.current;
  }
}
