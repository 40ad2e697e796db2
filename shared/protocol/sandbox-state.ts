// A sandbox's states, why one ends, and the one table of moves between them (DESIGN §3).
import { FleetError } from '../errors.ts';

export const SANDBOX_STATES = [
  /** The engine was asked for it; its HTTP server has not answered yet. */
  'starting',
  /** Answered on its own base path; nobody has it. */
  'warm',
  /** Bound to a reader who has not been seen in it yet. */
  'claimed',
  /** Its reader had a successful response from it. */
  'active',
  /** Being taken away; holds its slot until the engine confirms. */
  'removing',
] as const;
export type SandboxState = (typeof SANDBOX_STATES)[number];

export const END_REASONS = [
  'failed-start',
  'surplus',
  'stale-image',
  'drained',
  'unclaimed',
  'idle',
  'expired',
  'crashed',
  /** Its server did not answer any more, though the engine has it running, before its reader had used it. */
  'unresponsive',
  'orphaned',
  /** An operator asked for this one by name. */
  'deleted',
  /** The agent runs ephemerally (demo, tests) and takes its sandboxes with it. */
  'shutdown',
] as const;
export type EndReason = (typeof END_REASONS)[number];

const MOVES: Readonly<Record<SandboxState, readonly SandboxState[]>> = {
  starting: ['warm', 'removing'],
  warm: ['claimed', 'removing'],
  claimed: ['active', 'removing'],
  active: ['removing'],
  removing: [],
};

const REASONS_FROM: Readonly<Record<Exclude<SandboxState, 'removing'>, readonly EndReason[]>> = {
  starting: [
    'failed-start',
    'crashed',
    'surplus',
    'stale-image',
    'drained',
    'orphaned',
    'deleted',
    'shutdown',
  ],
  warm: ['surplus', 'stale-image', 'drained', 'crashed', 'unresponsive', 'orphaned', 'deleted', 'shutdown'],
  claimed: ['unclaimed', 'expired', 'drained', 'crashed', 'unresponsive', 'deleted', 'shutdown'],
  active: ['idle', 'expired', 'drained', 'crashed', 'deleted', 'shutdown'],
};

/** The new state, or an `illegal-transition` error: a bug must stop here, not become a shared sandbox. */
export function moveSandbox(from: SandboxState, to: SandboxState): SandboxState {
  if (!MOVES[from].includes(to)) {
    throw new FleetError('illegal-transition', `a sandbox cannot go from ${from} to ${to}`);
  }
  return to;
}

/** Like `moveSandbox(from, 'removing')`, and checks that the reason fits the state it ends. */
export function endSandbox(from: SandboxState, reason: EndReason): 'removing' {
  if (from === 'removing' || !REASONS_FROM[from].includes(reason)) {
    throw new FleetError('illegal-transition', `a sandbox that is ${from} cannot end as ${reason}`);
  }
  return 'removing';
}

/** Somebody's: claimed or active. */
export function isHeld(state: SandboxState): boolean {
  return state === 'claimed' || state === 'active';
}
