// Whether what a shared registry says is to be believed. A registry that was emptied, or put back to an older state, says
// "forget these nodes" as clearly as an operator would; only its marker tells the two apart.
import type { Member } from '../../shared/protocol/wire.ts';

/** Written with every change, in one step with it. */
export interface Marker {
  /** Made up when the registry was begun. */
  readonly id: string;
  /** One more with each change. */
  readonly generation: number;
  /** How many nodes there were then. */
  readonly count: number;
}

export interface Known {
  readonly id: string;
  readonly generation: number;
  readonly members: readonly Member[];
}

/** `begin`: nothing is there, and nothing is lost by that. */
export type Verdict =
  | { readonly is: 'current' | 'newer' | 'begin' }
  | { readonly is: 'lost'; readonly why: string };

/** @param held how many nodes it holds */
export function judge(marker: Marker | undefined, held: number, known: Known | undefined): Verdict {
  const nodes = known?.members.length ?? 0;
  const here = nodes === 1 ? '1 node is known here' : `${nodes} nodes are known here`;
  if (marker === undefined) {
    if (held > 0)
      return { is: 'lost', why: `it holds ${held} nodes without a word on who wrote them; ${here}` };
    return nodes === 0 ? { is: 'begin' } : { is: 'lost', why: `it is empty, and ${here}` };
  }
  if (marker.count !== held) {
    return { is: 'lost', why: `it holds ${held} nodes where its last change left ${marker.count}; ${here}` };
  }
  if (known === undefined || nodes === 0) {
    return { is: marker.id === known?.id && marker.generation === known.generation ? 'current' : 'newer' };
  }
  if (marker.id !== known.id)
    return { is: 'lost', why: `it is another one than before, with ${held} nodes; ${here}` };
  if (marker.generation < known.generation) {
    const behind = known.generation - marker.generation;
    return { is: 'lost', why: `it is ${behind} changes behind what is known here, as if put back; ${here}` };
  }
  return { is: marker.generation === known.generation ? 'current' : 'newer' };
}
