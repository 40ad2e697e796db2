// What two peers did differently, beside what a case declares.
import type { Difference } from './difference.ts';
import type { Sightings } from './normalise.ts';

type Seen = Omit<Difference, 'right'>;

/** Sentences; empty when the differences are exactly those that are declared. */
export function findFaults(
  chp: Sightings,
  ours: Sightings,
  declared: readonly Difference[],
): readonly string[] {
  const seen = differences(chp, ours);
  const undeclared = seen.filter((each) => !declared.some((other) => isSame(each, other)));
  const gone = declared.filter((each) => !seen.some((other) => isSame(each, other)));
  return [
    ...undeclared.map((each) => `not declared: ${show(each)}`),
    ...gone.map((each) => `declared, but not so any more: ${show(each)}`),
  ];
}

export function differences(chp: Sightings, ours: Sightings): readonly Seen[] {
  return [...new Set([...chp.keys(), ...ours.keys()])]
    .map((what) => ({ what, chp: chp.get(what), ours: ours.get(what) }))
    .filter((each) => each.chp !== each.ours);
}

function isSame(left: Seen, right: Seen): boolean {
  return left.what === right.what && left.chp === right.chp && left.ours === right.ours;
}

function show({ what, chp, ours }: Seen): string {
  return `${what}: CHP ${JSON.stringify(chp)}, ours ${JSON.stringify(ours)}`;
}
