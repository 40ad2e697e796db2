// A sandbox's states, the reasons for its end, and the one table of moves between states (DESIGN §3).
import { FleetError } from '../errors.ts';

export const SANDBOX_STATES = [
  /** Requested from the engine; its HTTP server has not answered yet. */
  'starting',
  /** Answered on its own base path; has no reader. */
  'warm',
  /** Bound to a reader who has not used it yet. */
  'claimed',
  /** Its reader received a successful response from it. */
  'active',
  /** Being removed; holds its slot until the engine confirms. */
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
  /** It ended by itself: its program failed, or nothing more is known. */
  'crashed',
  /** The kernel ended it at its limit of memory. */
  'out-of-memory',
  /** Its program ended without a fault, as Jupyter does at Quit. */
  'quit',
  /** A signal from outside ended it, as `docker kill` does, or a host without memory. */
  'killed',
  /** Its server stopped answering before its reader had used it, although the engine lists it as running. */
  'unresponsive',
  'orphaned',
  /** Its reader ended it. */
  'left',
  /** An operator ended this sandbox. */
  'deleted',
  /** The agent is ephemeral (demo, tests) and removes its sandboxes when it stops. */
  'shutdown',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** The reasons of those that stopped by themselves while they had a reader. */
export const STOPPED = ['crashed', 'out-of-memory', 'quit', 'killed'] as const satisfies EndReason[];
export type Stopped = (typeof STOPPED)[number];

/** Whether a sandbox that ended for this reason stopped by itself. */
export function isStopped(reason: EndReason | undefined): reason is Stopped {
  return STOPPED.some((each) => each === reason);
}

const MOVES: Readonly<Record<SandboxState, readonly SandboxState[]>> = {
  starting: ['warm', 'removing'],
  warm: ['claimed', 'removing'],
  /** `warm` again when no answer has named it. */
  claimed: ['active', 'warm', 'removing'],
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
  claimed: ['unclaimed', 'expired', 'drained', ...STOPPED, 'unresponsive', 'left', 'deleted', 'shutdown'],
  active: ['idle', 'expired', 'drained', ...STOPPED, 'left', 'deleted', 'shutdown'],
};

/** The new state. @throws FleetError `illegal-transition`: a bug must stop here, not become a shared sandbox */
export function moveSandbox(from: SandboxState, to: SandboxState): SandboxState {
  if (!MOVES[from].includes(to)) {
    throw new FleetError('illegal-transition', `a sandbox cannot go from ${from} to ${to}`);
  }
  return to;
}

/** Like `moveSandbox(from, 'removing')`, and checks that the reason is possible in that state. */
export function endSandbox(from: SandboxState, reason: EndReason): 'removing' {
  if (from === 'removing' || !REASONS_FROM[from].includes(reason)) {
    throw new FleetError('illegal-transition', `a sandbox that is ${from} cannot end as ${reason}`);
  }
  return 'removing';
}

/** Whether the sandbox has a reader: claimed or active. */
export function isHeld(state: SandboxState): boolean {
  return state === 'claimed' || state === 'active';
}
