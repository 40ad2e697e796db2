// Whether the content of a shared registry can be trusted. A registry that was emptied, or restored from an older backup, looks
// just like one from which an operator removed nodes; only its marker distinguishes the two.
import { spellCount } from '../../shared/config/units.ts';
import type { Member } from '../../shared/protocol/wire.ts';

/** Written with every change, in one step with it. */
export interface Marker {
  /** Random, made when the registry was created. */
  readonly id: string;
  /** Rises by one with each change. */
  readonly generation: number;
  /** Nodes after that change. */
  readonly count: number;
}

/** What this redirector last read. */
export interface LastKnown {
  readonly id: string;
  readonly generation: number;
  readonly members: readonly Member[];
}

/** `empty`: nothing is stored, and no node is lost by that. */
export type Consistency =
  | { readonly is: 'current' | 'newer' | 'empty' }
  | { readonly is: 'lost'; readonly why: string };

/** @param stored how many nodes are stored */
export function checkConsistency(
  marker: Marker | undefined,
  stored: number,
  known: LastKnown | undefined,
): Consistency {
  const nodes = known?.members.length ?? 0;
  const here = `${spellCount(nodes, 'node')} ${nodes === 1 ? 'is' : 'are'} known here`;
  if (marker === undefined) {
    if (stored > 0)
      return { is: 'lost', why: `it holds ${spellCount(stored, 'node')} without a marker; ${here}` };
    return nodes === 0 ? { is: 'empty' } : { is: 'lost', why: `it is empty, and ${here}` };
  }
  if (marker.count !== stored) {
    return {
      is: 'lost',
      why: `it holds ${spellCount(stored, 'node')}, but ${marker.count} after its last change; ${here}`,
    };
  }
  if (known === undefined || nodes === 0) {
    return { is: marker.id === known?.id && marker.generation === known.generation ? 'current' : 'newer' };
  }
  if (marker.id !== known.id)
    return {
      is: 'lost',
      why: `it is another registry than before, with ${spellCount(stored, 'node')}; ${here}`,
    };
  if (marker.generation < known.generation) {
    const behind = known.generation - marker.generation;
    return {
      is: 'lost',
      why: `it is ${behind} changes behind what is known here, as if restored from a backup; ${here}`,
    };
  }
  return { is: marker.generation === known.generation ? 'current' : 'newer' };
}
