// Slots as a bar: a stretch for each state, in the same signs wherever the command draws one.
import type { Slots } from '../../shared/api/node.ts';

export const SLOT_SIGNS = { held: '█', warm: '▓', starting: '░', removing: '▒', free: '·' } as const;
export type SlotState = keyof typeof SLOT_SIGNS;

export interface Stretch {
  readonly state: SlotState;
  readonly text: string;
}

/** Slots without a sandbox, by the node's report. */
export function freeSlots(slots: Omit<Slots, 'free'>, capacity: number): number {
  return Math.max(0, capacity - slots.held - slots.warm - slots.starting - slots.removing);
}

/** A bar of `columns` signs; the shares of the states are rounded so that they add up to it. */
export function slotBar(slots: Slots, columns: number): readonly Stretch[] {
  const states = Object.keys(SLOT_SIGNS).filter((name): name is SlotState => name in SLOT_SIGNS);
  const total = states.reduce((sum, state) => sum + slots[state], 0);
  let before = 0;
  let drawn = 0;
  return states.map((state) => {
    before += slots[state];
    const end = total === 0 ? 0 : Math.round((before / total) * columns);
    const text = SLOT_SIGNS[state].repeat(end - drawn);
    drawn = end;
    return { state, text };
  });
}
