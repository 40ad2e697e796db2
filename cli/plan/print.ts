// The plan for people: what to set up, and what readers will live through, beside what would come of other values.
import { bookingKind } from '../../node-agent/sizing/bookings.ts';
import { spellCount, spellDuration } from '../../shared/config/units.ts';
import type { Expected, FleetPlan, PlanFile } from '../load/check/plan-file.ts';
import { spellMs } from '../load/report/summary.ts';
import { type Column, tableLines } from '../terminal/text.ts';
import type { FleetConfig, Outcome } from './expect.ts';
import type { Question } from './question.ts';
import { shareKind } from './targets.ts';

/** For the file. */
export function fleetJson(fleet: FleetConfig, { expected, isKept }: Outcome): FleetPlan {
  const { hosts, capacity, warm, starts, book } = fleet;
  return {
    ...{ hosts, capacity, concurrent_starts: starts, expected, is_kept: isKept },
    warm: warm >= capacity ? null : warm,
    book: String(bookingKind.format(book)),
  };
}

export function describePlan({ plan, what_if: rows, search }: PlanFile, question: Question): string {
  const { given, hostMemoryBytes, targets } = question;
  const { image, cores, stay } = given;
  const { arrivals, forMs } = given.schedule(given.seed);
  const per = (text: string): string => `${text} each`;
  const lines = [
    `${spellCount(arrivals.length, 'reader')} within ${spellDuration(forMs)}, who stay ${stay.text}; hosts of ${spellBytes(hostMemoryBytes)} and ${cores} cores`,
    `a sandbox: ${spellBytes(image.memoryBytes)}, starts in ${spellMs(image.startMs)} with ${spellMs(image.startCpuMs)} of a core`,
    ...measuredLine(question),
    '',
    `hosts     ${plan.hosts}`,
    `capacity  ${per(String(plan.capacity))}, ${plan.hosts * plan.capacity} in all`,
    `warm      ${per(plan.warm === null ? 'all slots' : String(plan.warm))}`,
    `starts    ${per(String(plan.concurrent_starts))} at a time`,
    `booked    ${plan.book === '' ? 'nothing' : per(plan.book)}`,
    '',
    `tmpfleet node-agent ${nodeFlags(plan)}`,
    '',
    ...tableLines(COLUMNS, [
      { name: 'plan', plan },
      ...rows.map((row) => ({ name: row.changes, plan: row })),
    ]),
    '',
    verdict(plan, targets),
  ];
  if (!search.is_exact) {
    lines.push('The search ended by --search-time: fewer hosts, or fewer warm, may be enough.');
  }
  return `${lines.join('\n')}\n`;
}

const MIB = 1024 ** 2;

function spellBytes(bytes: number): string {
  const mib = Math.round(bytes / MIB);
  return mib < 1_024 ? `${mib} MiB` : `${Number((mib / 1_024).toFixed(1))} GiB`;
}

function measuredLine({ measured, given: { image } }: Question): readonly string[] {
  const bytes = measured?.memoryBytes;
  if (bytes === undefined) return [];
  return [
    `measured: before anything runs in it, a sandbox uses ${spellBytes(bytes)} of its ${spellBytes(image.memoryBytes)} (--sandbox-memory)`,
  ];
}

export function nodeFlags({ capacity, warm, concurrent_starts: starts, book }: FleetPlan): string {
  const flags = [`--capacity ${capacity}`, `--warm ${warm ?? 'all'}`, `--concurrent-starts ${starts}`];
  return [...flags, ...(book === '' ? [] : [`--book '${book}'`])].join(' ');
}

interface Row {
  readonly name: string;
  readonly plan: FleetPlan;
}

function of(head: string, cell: (expected: Expected) => string): Column<Row> {
  return { head, cell: ({ plan }) => cell(plan.expected), side: 'right' };
}

const COLUMNS: readonly Column<Row>[] = [
  { head: '', cell: ({ name }) => name },
  { head: 'HOSTS', cell: ({ plan }) => String(plan.hosts), side: 'right' },
  { head: 'CAPACITY', cell: ({ plan }) => String(plan.capacity), side: 'right' },
  { head: 'WARM', cell: ({ plan }) => (plan.warm === null ? 'all' : String(plan.warm)), side: 'right' },
  { head: 'BOOKED', cell: ({ plan }) => (plan.book === '' ? '-' : 'yes') },
  of('READERS', ({ readers }) => String(readers)),
  of('REFUSED', ({ refused, refused_share: share }) => `${refused} (${(100 * share).toFixed(2)} %)`),
  of('IN LINE', ({ in_line: line }) => String(line)),
  of('COLD', ({ cold }) => String(cold)),
  of('WAIT P50', ({ wait_ms: wait }) => spellMs(wait.p50)),
  of('P90', ({ wait_ms: wait }) => spellMs(wait.p90)),
  of('P99', ({ wait_ms: wait }) => spellMs(wait.p99)),
  of('MAX', ({ wait_ms: wait }) => spellMs(wait.max)),
  of('MOST HELD', ({ held_max: held }) => String(held)),
  { head: 'KEPT', cell: ({ plan }) => (plan.is_kept ? 'yes' : 'NO') },
];

function verdict({ is_kept: isKept }: FleetPlan, { refused, waits }: Question['targets']): string {
  const asked = [`refused ≤ ${shareKind.format(refused)}`, ...waits.map(({ text }) => text)].join(', ');
  return `${isKept ? 'Kept' : 'MISSED'}: ${asked}. Simulated, not measured: tmpfleet load tries it.`;
}
