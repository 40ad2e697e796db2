// The picture of `tmpfleet top`: lines of coloured pieces, for a window of any size.

import stringWidth from 'string-width';
import type { NodeJson, Slots } from '../../shared/api/node.ts';
import { spellCount } from '../../shared/config/units.ts';
import { noteOn, stateOf } from '../node/table.ts';
import { SIGNS } from '../terminal/signs.ts';
import { type SlotState, slotBar } from '../terminal/slot-bar.ts';
import { clip, pad, printable } from '../terminal/text.ts';
import { type TopView, usableSlots } from './numbers.ts';

export interface Window {
  readonly columns: number;
  /** Infinity where it scrolls. */
  readonly rows: number;
  readonly colour: boolean;
}

interface Piece {
  readonly text: string;
  /** Of SGR, ECMA-48 8.3.117. */
  readonly style?: string | undefined;
}
type Line = readonly Piece[];

const BOLD = '1';
const DIM = '2';
const BAD = '31';
const WARN = '33';
/** The share of readers who should be live within two seconds: docs/reader-times.md. */
const OBJECTIVE = 0.99;
const SLOT_STYLES: Readonly<Record<SlotState, string>> = {
  held: '32',
  warm: '36',
  starting: '33',
  removing: '35',
  free: '2',
};

/** @param trouble why the numbers are old, when they are */
export function drawTop(view: TopView, window: Window, trouble?: string): readonly string[] {
  const head = [
    titleLine(view, window.columns),
    rateLine(view),
    sloLine(view),
    slotLine(view, window.columns),
    trouble === undefined ? [] : [{ text: printable(trouble), style: BAD }],
  ];
  const foot = [[], legendLine()];
  const room = window.rows - head.length - foot.length - 1;
  const lines = [...head, ...nodeLines(view, window.columns, room), ...foot];
  return lines.map((line) => render(line, window)).slice(0, window.rows);
}

function titleLine({ front, nodes, at }: TopView, columns: number): Line {
  const states = new Map<string, number>();
  for (const node of nodes) states.set(stateName(node), (states.get(stateName(node)) ?? 0) + 1);
  const counts = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
  const left = `tmpfleet  ${front}  ${spellCount(nodes.length, 'node')}${counts === '' ? '' : `: ${counts}`}`;
  const time = new Date(at).toTimeString().slice(0, 8);
  return [{ text: `${pad(clip(left, columns - 10), columns - 9)} ${time}`, style: BOLD }];
}

function rateLine(view: TopView): Line {
  const { oldest_report: oldest } = view;
  const rate = (value: number | null): string => (value === null ? '-' : `${value}/s`);
  return [
    { text: `arrivals ${rate(view.arrivals_per_second)}   ` },
    {
      text: `bounces ${rate(view.bounces_per_second)} (${view.bounces_total})   `,
      style: (view.bounces_per_second ?? 0) > 0 ? WARN : undefined,
    },
    {
      text: `refused ${rate(view.refusals_per_second)} (${view.refusals_total})   `,
      style: (view.refusals_per_second ?? 0) > 0 ? BAD : undefined,
    },
    { text: `waiting ${view.waiting}   `, style: view.waiting > 0 ? WARN : undefined },
    {
      text: `oldest report ${oldest === null ? '-' : `${oldest.age_seconds} s (${printable(oldest.node)})`}`,
    },
  ];
}

function sloLine({ slo: { readers_total: readers, late_total: late } }: TopView): Line {
  if (readers === 0) return [{ text: 'in time -' }];
  const share = Math.max(0, 1 - late / readers);
  const text = `in time ${(share * 100).toFixed(2)} % of ${readers} who asked while a slot was free (${late} late)`;
  return [{ text, style: share < OBJECTIVE ? WARN : undefined }];
}

function slotLine({ slots, frozen }: TopView, columns: number): Line {
  const total = Object.values(slots).reduce((sum, count) => sum + count, 0);
  const words = `  ${slots.held} held${frozen === 0 ? '' : ` (${frozen} frozen)`}, ${slots.warm} warm, ${slots.starting} starting, ${slots.free} free of ${total}`;
  const width = Math.max(0, Math.min(total, columns - 'slots '.length - words.length));
  return [{ text: 'slots ' }, ...bar(slots, width), { text: words }];
}

function legendLine(): Line {
  const signs = Object.entries(SIGNS.slots).map(([state, sign]) => `${sign} ${state}`);
  return [{ text: `${signs.join('  ')}    q leaves`, style: DIM }];
}

interface TopColumn {
  readonly head: string;
  readonly cell: (row: NodeJson) => Piece;
  readonly right?: true;
}

function columnsFor(now: number, rates: TopView['redirects_per_second']): readonly TopColumn[] {
  const number = (head: string, value: (row: NodeJson) => number | null): TopColumn => ({
    head,
    cell: (row) => ({ text: String(value(row) ?? '-') }),
    right: true,
  });
  return [
    { head: 'NODE', cell: ({ id }) => ({ text: printable(id) }) },
    { head: 'STATE', cell: (row) => ({ text: stateName(row), style: styleOf(row) }) },
    number('HELD', ({ slots }) => slots.held),
    number('WARM', ({ slots }) => slots.warm),
    number('START', ({ slots }) => slots.starting),
    number('SLOTS', ({ capacity }) => capacity),
    number('SENT/S', ({ id }) => rates[id] ?? null),
    number('BOUNCED', (row) => row.bounces_total),
    number('REPORT', (row) => row.report_age_seconds),
    { head: '', cell: (row) => ({ text: printable(noteOn(row, now)), style: styleOf(row) }) },
  ];
}

/** The bar takes what the columns leave it, up to a sign a slot; the last column is what is clipped. */
function nodeLines(
  { nodes, at, redirects_per_second: rates }: TopView,
  columns: number,
  room: number,
): readonly Line[] {
  if (nodes.length === 0) return [[], [{ text: 'no nodes yet: tmpfleet node add <url>' }]];
  const shown = nodes.length <= room ? nodes : [...nodes].sort(byTrouble).slice(0, Math.max(0, room - 1));
  const table = columnsFor(Date.parse(at), rates).map((column) => {
    const cells = shown.map((row) => column.cell(row));
    const width = Math.max(stringWidth(column.head), ...cells.map(({ text }) => stringWidth(text)));
    return { ...column, cells, width };
  });
  const taken = table.slice(0, -1).reduce((sum, { width }) => sum + width + 2, 0);
  const largest = Math.max(1, ...shown.map(({ capacity }) => capacity));
  const barWidth = Math.max(8, Math.min(largest, 40, columns - taken - 2));
  const line = (index: number | undefined): Line =>
    table.flatMap(({ head, cells, width, right }, place) => {
      const { text, style } = (index === undefined ? { text: head, style: BOLD } : cells[index]) ?? {
        text: '',
      };
      const piece = { text: `${pad(text, width, right === true ? 'right' : 'left')}  `, style };
      if (place !== 1) return [piece];
      const row = index === undefined ? undefined : shown[index];
      return [piece, ...barCell(row, barWidth, largest), { text: '  ' }];
    });
  const more = nodes.length - shown.length;
  return [
    line(undefined),
    ...shown.map((_, index) => line(index)),
    ...(more > 0
      ? [[{ text: `${SIGNS.more} and ${more} more, for which this window is too low`, style: DIM }]]
      : []),
  ];
}

/** As long as the node is large, next to the largest. */
function barCell(row: NodeJson | undefined, width: number, largest: number): readonly Piece[] {
  if (row === undefined) return [{ text: ' '.repeat(width) }];
  const slots = usableSlots(row);
  const total = Object.values(slots).reduce((sum, count) => sum + count, 0);
  const columns = total === 0 ? 0 : Math.min(width, Math.max(1, Math.round((total / largest) * width)));
  return [...bar(slots, columns), { text: ' '.repeat(width - columns) }];
}

function bar(slots: Slots, columns: number): readonly Piece[] {
  return slotBar(slots, columns).map(({ state, text }) => ({ text, style: SLOT_STYLES[state] }));
}

function stateName(row: Pick<NodeJson, 'reachability' | 'state' | 'paused'>): string {
  return stateOf(row);
}

function styleOf({ reachability, state, paused, canary }: NodeJson): string | undefined {
  if (reachability === 'unreachable') return BAD;
  const isImpaired = paused === true || canary?.failing === true;
  return reachability === 'unknown' || isImpaired || (state !== null && state !== 'ready') ? WARN : undefined;
}

function byTrouble(a: NodeJson, b: NodeJson): number {
  const weight = (row: NodeJson): number =>
    row.reachability === 'unreachable' ? 2 : styleOf(row) === undefined ? 0 : 1;
  return weight(b) - weight(a) || b.slots.held - a.slots.held;
}

function render(line: Line, { columns, colour }: Window): string {
  let left = columns;
  const parts: string[] = [];
  for (const { text, style } of line) {
    const shown = clip(text, left);
    left -= stringWidth(shown);
    parts.push(colour && style !== undefined && shown !== '' ? `\x1b[${style}m${shown}\x1b[0m` : shown);
    if (left <= 0) break;
  }
  return colour ? parts.join('') : parts.join('').trimEnd();
}
