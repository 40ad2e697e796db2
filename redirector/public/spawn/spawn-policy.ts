// How one `POST /api/spawn` goes on: which node to ask, for how long, or why to refuse. Pure.
import type { RefusalReason } from '../../../shared/api/refusal.ts';

/** Time for one `POST /api/spawn` in all: waiting for room, and every node that is asked. ms */
export const SPAWN_BUDGET_MS = 5_000;

/** Time for a node while others are left to ask: one with a warm sandbox answers in milliseconds. ms */
export const ATTEMPT_MS = 2_000;

/** Why a node that was asked gave no sandbox. */
export type FailedAttempt = 'full' | 'no-answer';

export interface SpawnProgress {
  /** What is left of the budget, ms. */
  readonly remainingMs: number;
  /** What came of the nodes asked so far; none is asked twice. */
  readonly attempts: readonly FailedAttempt[];
  /** `node` when one was chosen to be asked next; else why there is none. */
  readonly choice: 'node' | RefusalReason;
  /** Whether further nodes could be asked after the chosen one. */
  readonly hasOthers: boolean;
}

export type SpawnStep = { readonly askForMs: number } | { readonly refuse: RefusalReason };

export function nextSpawnStep({ remainingMs, attempts, choice, hasOthers }: SpawnProgress): SpawnStep {
  if (choice === 'node' && remainingMs > 0)
    return { askForMs: hasOthers ? Math.min(ATTEMPT_MS, remainingMs) : remainingMs };
  if (attempts.includes('full')) return { refuse: 'full' };
  // Nodes that were asked and did not answer are not full, whatever their last reports say.
  if (attempts.length > 0) return { refuse: 'none-answers' };
  return { refuse: choice === 'node' ? 'full' : choice };
}
