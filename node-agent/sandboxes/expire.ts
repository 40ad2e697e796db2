// Which sandboxes have expired: a pure function of the clock.
import { type EndReason, isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Sandbox } from './table.ts';

/** 0 disables a limit. */
export interface Limits {
  readonly leaseMs: number;
  readonly idleMs: number;
  readonly maxAgeMs: number;
}

type Timed = Pick<Sandbox, 'id' | 'state' | 'claimedAt' | 'lastUse'>;

/** @param now ms, on the clock of the sandboxes' times */
export function findExpired(
  sandboxes: readonly Timed[],
  limits: Limits,
  now: number,
): readonly { readonly id: string; readonly reason: EndReason }[] {
  return sandboxes.flatMap((sandbox) => {
    const reason = whyExpired(sandbox, limits, now);
    return reason === undefined ? [] : [{ id: sandbox.id, reason }];
  });
}

function whyExpired(sandbox: Timed, limits: Limits, now: number): EndReason | undefined {
  if (!isHeld(sandbox.state) || sandbox.claimedAt === undefined) return undefined;
  const age = now - sandbox.claimedAt;
  if (limits.maxAgeMs > 0 && age >= limits.maxAgeMs) return 'expired';
  if (sandbox.state === 'claimed') return age >= limits.leaseMs ? 'unclaimed' : undefined;
  const unused = now - (sandbox.lastUse ?? sandbox.claimedAt);
  return limits.idleMs > 0 && unused >= limits.idleMs ? 'idle' : undefined;
}
