// After a restart: which of the engine's sandboxes to adopt, and for which owner. A pure function of listing and journal.

import { isHeld, type SandboxState } from '../../shared/protocol/sandbox-state.ts';
import type { EngineSandbox } from '../engine/engine.ts';
import type { Recorded } from './claim-journal-entry.ts';
import type { Sandbox } from './table.ts';

/** The running sandboxes that the journal knows; every other listed one is an orphan, which the reconciler removes. */
export function planAdoption(
  listed: readonly EngineSandbox[],
  recorded: ReadonlyMap<string, Recorded>,
): readonly Sandbox[] {
  return listed.flatMap((found) => {
    const known = recorded.get(found.id);
    if (known === undefined || !found.running || found.address === undefined) return [];
    const state = stateOf(known);
    return [
      {
        id: found.id,
        token: known.token,
        createdAt: found.createdAt,
        state,
        address: found.address,
        image: found.image,
        recipe: found.recipe,
        answeredAt: undefined,
        key: known.key,
        claimedBy: known.claimedBy,
        cookies: new Set(known.cookies),
        claimedAt: known.claimedAt,
        ticket: known.ticket,
        lastUse: known.lastUse,
        primed: known.primed,
        // No engine knows who stopped it: the last run, or an operator. One with a reader goes on when that reader comes.
        frozen: found.frozen && isHeld(state),
        endReason: undefined,
      },
    ];
  });
}

/** Without a recorded use, the lease continues from the claim; the next use makes the sandbox active again. */
function stateOf({ key, lastUse }: Recorded): SandboxState {
  if (key === undefined) return 'warm';
  return lastUse === undefined ? 'claimed' : 'active';
}
