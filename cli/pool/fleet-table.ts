// The pools of many nodes as a table: a row for each, and their sum.
import type { NodePoolJson } from '../../shared/api/pool.ts';
import { type FitColumn, fitTable } from '../terminal/fit-table.ts';
import { describeRefresh } from './refresh.ts';
import { type NodeResult, totalsOf } from './results.ts';

interface Row {
  readonly name: string;
  readonly state: string;
  readonly numbers: readonly (number | string)[];
  readonly note: string;
}

const NUMBERS = ['SLOTS', 'KEPT', 'HELD', 'WARM', 'STARTING', 'STALE'] as const;

const COLUMNS: readonly FitColumn<Row>[] = [
  { head: 'NODE', cell: ({ name }) => name },
  { head: 'STATE', cell: ({ state }) => state },
  ...NUMBERS.map(
    (head, index): FitColumn<Row> => ({
      ...{ head, side: 'right', cell: ({ numbers }) => String(numbers[index] ?? '-') },
      ...(index > 3 ? { yields: index } : {}),
    }),
  ),
];

/** @param width of the window */
export function poolTable(results: readonly NodeResult[], width: number): readonly string[] {
  const { nodes, failed, skipped, capacity, held, warm, starting, stale } = totalsOf(results);
  const sum: Row = {
    name: nodes === 1 ? '1 node' : `${nodes} nodes`,
    state: '',
    numbers: [capacity, '', held, warm, starting, stale],
    note: [
      ...(failed === 0 ? [] : [`${failed} failed`]),
      ...(skipped === 0 ? [] : [`${skipped} skipped`]),
    ].join(', '),
  };
  return fitTable({ columns: COLUMNS, rows: [...results.map(rowOf), sum], note: ({ note }) => note, width });
}

function rowOf({ id, result, status, error }: NodeResult): Row {
  const note = error === undefined ? '' : `${result}: ${error.message}`;
  if (status === undefined) return { name: id, state: result, numbers: [], note };
  const { fleet, pool } = status;
  const state = `${fleet.state}${pool.paused ? ', paused' : ''}`;
  const numbers = [pool.capacity, pool.warm, fleet.held, fleet.warm, fleet.starting, pool.stale];
  return { name: id, state, numbers, note: note || notesOn(status) };
}

function notesOn({ fleet, pool, drained }: NodePoolJson): string {
  const { capacity, warm } = pool.configured;
  return [
    ...(pool.capacity === capacity ? [] : [`slots configured: ${capacity}`]),
    ...(pool.warm === warm ? [] : [`kept configured: ${warm}`]),
    ...(drained === undefined ? [] : [`${drained} to be replaced`]),
    ...(pool.refresh === undefined ? [] : [describeRefresh(pool.refresh)]),
    ...(fleet.problem === undefined ? [] : [fleet.problem]),
  ].join('; ');
}
