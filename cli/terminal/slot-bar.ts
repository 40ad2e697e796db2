// Slots as a bar: a stretch for each state, in the same signs wherever the command draws one.
import type { Slots } from '../../shared/api/node.ts';
import { SIGNS, type Signs } from './signs.ts';

export type SlotState = keyof Signs['slots'];

export interface Stretch {
  readonly state: SlotState;
  readonly text: string;
}

const STATES: readonly SlotState[] = ['held', 'warm', 'starting', 'removing', 'free'];

/** Slots without a sandbox, by the node's report. */
export function freeSlots(slots: Omit<Slots, 'free'>, capacity: number): number {
  return Math.max(0, capacity - slots.held - slots.warm - slots.starting - slots.removing);
}

/** A bar of `columns` signs; the shares of the states are rounded so that they add up to it. */
export function slotBar(slots: Slots, columns: number): readonly Stretch[] {
  const total = STATES.reduce((sum, state) => sum + slots[state], 0);
  let before = 0;
  let drawn = 0;
  return STATES.map((state) => {
    before += slots[state];
    const end = total === 0 ? 0 : Math.round((before / total) * columns);
    const text = SIGNS.slots[state].repeat(end - drawn);
    drawn = end;
    return { state, text };
  });
}
