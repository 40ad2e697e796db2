// Nodes in words: the table of `node ls`, and one node in a sentence.
import { spellDuration } from '../../shared/config/units.ts';
import type { NodeRow } from '../control/answers.ts';
import { type Column, printable, tableLines } from '../terminal/text.ts';

export function nodeTable(nodes: readonly NodeRow[], now: number): readonly string[] {
  const number = (head: string, value: (node: NodeRow) => number | null): Column<NodeRow> => ({
    head,
    side: 'right',
    cell: (node) => String(value(node) ?? '-'),
  });
  return tableLines(
    [
      { head: 'ID', cell: ({ id }) => id },
      { head: 'STATE', cell: stateOf },
      number('HELD', ({ held }) => held),
      number('WARM', ({ warm, available }) => warm ?? available),
      number('STARTING', ({ starting }) => starting),
      number('SLOTS', ({ capacity }) => capacity),
      {
        head: 'REPORT',
        side: 'right',
        cell: ({ report_age_seconds: age }) => (age === null ? '-' : `${age} s`),
      },
      { head: 'ADDRESS', cell: ({ url }) => url },
      { head: 'NOTE', cell: (node) => noteOn(node, now) },
    ],
    nodes,
  );
}

/** The state that it told last, or that it does not answer. */
export function stateOf({ answers, state, paused }: Pick<NodeRow, 'answers' | 'state' | 'paused'>): string {
  if (answers === 'unknown') return 'not heard yet';
  if (answers === 'unreachable') return 'unreachable';
  return `${state ?? 'ready'}${paused === true ? ', paused' : ''}`;
}

export function noteOn(
  node: Pick<NodeRow, 'answers' | 'reason' | 'since' | 'state' | 'drain_forced' | 'drain_deadline'>,
  now: number,
): string {
  const { answers, reason, since, state, drain_forced: forced } = node;
  if (answers === 'unreachable') return `since ${clockTime(since)}: ${reason ?? 'it does not answer'}`;
  if (state === 'draining') return untilDeadline(node, now);
  if (state === 'drained' && forced === true) return 'the deadline ended its last readers';
  return reason ?? '';
}

/** `until 14:05 (29 min)`, in the time zone of whoever reads it. */
function untilDeadline({ drain_deadline: deadline }: Pick<NodeRow, 'drain_deadline'>, now: number): string {
  if (deadline === null) return '';
  const left = Date.parse(deadline) - now;
  return left <= 0 ? 'the deadline is over' : `until ${clockTime(deadline)} (${spellDuration(left)})`;
}

/** What became of it, in a sentence. */
export function standing(node: NodeRow, now: number): string {
  const readers = countReaders(node);
  const id = printable(node.id);
  if (node.state === 'draining') return `${id} is draining: ${readers} left, ${untilDeadline(node, now)}`;
  if (node.state === 'drained') {
    return `${id} is drained: ${node.drain_forced === true ? 'the deadline ended its last readers' : 'nobody is left there'}`;
  }
  if (node.state === 'cordoned')
    return `${id} is cordoned: no new readers; ${node.held === 0 ? 'nobody is there' : `${readers} there, who may stay`}`;
  return `${id} is ${stateOf(node)}: ${readers} there`;
}

export function countReaders({ held }: NodeRow): string {
  return held === 1 ? '1 reader' : `${held ?? 0} readers`;
}

function clockTime(iso: string): string {
  const date = new Date(iso);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}
