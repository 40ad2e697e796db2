// Which sandboxes have had their time: a pure function of the clock.
import { type EndReason, isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Sandbox } from './table.ts';

/** ms each; 0 switches a limit off. */
export interface Limits {
  readonly lease: number;
  readonly idle: number;
  readonly maxAge: number;
}

type Timed = Pick<Sandbox, 'id' | 'state' | 'claimedAt' | 'lastUse'>;

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
  if (limits.maxAge > 0 && age >= limits.maxAge) return 'expired';
  if (sandbox.state === 'claimed') return age >= limits.lease ? 'unclaimed' : undefined;
  const unused = now - (sandbox.lastUse ?? sandbox.claimedAt);
  return limits.idle > 0 && unused >= limits.idle ? 'idle' : undefined;
}
