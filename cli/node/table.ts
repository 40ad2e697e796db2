// Prints nodes: the table of `node ls`, and a sentence about one node.
import type { NodeJson } from '../../shared/api/node.ts';
import { spellCount, spellDuration } from '../../shared/config/units.ts';
import { type FitColumn, fitTable } from '../terminal/fit-table.ts';
import { printable } from '../terminal/text.ts';

/** @param width of the window that it is for */
export function nodeTable(nodes: readonly NodeJson[], now: number, width: number): readonly string[] {
  return fitTable({ columns: COLUMNS, rows: nodes, note: (node) => noteOn(node, now), width });
}

const COLUMNS: readonly FitColumn<NodeJson>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'STATE', cell: stateOf },
  number('HELD', ({ slots }) => slots.held),
  number('WARM', ({ slots }) => slots.warm),
  { ...number('STARTING', ({ slots }) => slots.starting), yields: 1 },
  number('SLOTS', ({ capacity }) => capacity),
  { ...number('LOAD', ({ load }) => load?.toFixed(2)), yields: 4 },
  { ...number('REPORT', ({ report_age_seconds: age }) => (age === null ? null : `${age} s`)), yields: 2 },
  { head: 'VERSION', cell: ({ version }) => version ?? '-', yields: 5 },
  { head: 'IMAGE', cell: ({ image }) => image ?? '-', yields: 6 },
  { head: 'ADDRESS', cell: ({ url }) => url, yields: 3 },
];

function number(
  head: string,
  value: (node: NodeJson) => number | string | null | undefined,
): FitColumn<NodeJson> {
  return { head, side: 'right', cell: (node) => String(value(node) ?? '-') };
}

/** The last reported state, or that the node does not answer. */
export function stateOf({
  reachability,
  state,
  paused,
}: Pick<NodeJson, 'reachability' | 'state' | 'paused'>): string {
  if (reachability === 'unknown') return 'not heard yet';
  if (reachability === 'unreachable') return 'unreachable';
  return `${state ?? 'ready'}${paused === true ? ', paused' : ''}`;
}

export function noteOn(node: NodeJson, now: number): string {
  const { reachability, unreachable_reason: reason, state, drain_forced: forced } = node;
  if (reachability === 'unreachable')
    return `since ${clockTime(node.reachability_changed_at)}: ${reason ?? 'it does not answer'}`;
  if (state === 'draining') return untilDeadline(node, now);
  if (state === 'drained' && forced === true) return 'the deadline ended its last readers';
  if (node.same_secret === false) return ANOTHER_SECRET;
  return reason ?? node.problem ?? canaryNote(node);
}

function canaryNote({ canary }: NodeJson): string {
  return canary?.failing === true
    ? `the canary fails since ${clockTime(canary.since)}: ${canary.reason}`
    : '';
}

const ANOTHER_SECRET = "it does not have this front's secret: give it its node key (tmpfleet node key)";

/** `until 14:05 (29 min)`, in the local time zone. */
function untilDeadline({ drain_deadline_at: deadline }: NodeJson, now: number): string {
  if (deadline === null) return '';
  const left = Date.parse(deadline) - now;
  return left <= 0 ? 'the deadline is over' : `until ${clockTime(deadline)} (${spellDuration(left)})`;
}

/** The node's state after an order, as a sentence. */
export function standing(node: NodeJson, now: number): string {
  const readers = countReaders(node);
  const id = printable(node.id);
  if (node.state === 'draining') return `${id} is draining: ${readers} left, ${untilDeadline(node, now)}`;
  if (node.state === 'drained') {
    return `${id} is drained: ${node.drain_forced === true ? 'the deadline ended its last readers' : 'no readers are left'}`;
  }
  if (node.state === 'cordoned')
    return `${id} is cordoned: no new readers; ${node.slots.held === 0 ? 'it has none' : `${readers} may stay`}`;
  return `${id} is ${stateOf(node)}: ${readers} there`;
}

export function countReaders({ slots: { held } }: NodeJson): string {
  return spellCount(held, 'reader');
}

function clockTime(iso: string): string {
  const date = new Date(iso);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}
