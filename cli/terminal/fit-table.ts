// A table for a window of any width: columns make way where it is narrow, and long notes get lines of their own.
import stringWidth from 'string-width';
import { type Column, printable, tableLines } from './text.ts';

export interface FitColumn<Row> extends Column<Row> {
  /** Left out where the window is too narrow: the highest number first. Without it, it always stays. */
  readonly yields?: number;
}

export interface FitOptions<Row> {
  readonly columns: readonly FitColumn<Row>[];
  readonly rows: readonly Row[];
  /** What there is to say about a row; empty for nothing. */
  readonly note: (row: Row) => string;
  /** Of the window; Infinity where no line wraps, such as in a file. */
  readonly width: number;
}

export function fitTable<Row>({ columns, rows, note, width }: FitOptions<Row>): readonly string[] {
  const fits = (lines: readonly string[]): boolean => lines.every((line) => stringWidth(line) <= width);
  let kept = [...columns];
  while (!fits(tableLines(kept, rows))) {
    const first = Math.max(...kept.map(({ yields = 0 }) => yields));
    if (first === 0) break;
    kept = kept.filter(({ yields }) => yields !== first);
  }
  const beside = tableLines([...kept, { head: 'NOTE', cell: note }], rows);
  if (fits(beside)) return beside;
  const [head = '', ...lines] = tableLines(kept, rows);
  return [
    head,
    ...lines.flatMap((line, index) => {
      const row = rows[index];
      const text = row === undefined ? '' : printable(note(row));
      return text === '' ? [line] : [line, `  ${text}`];
    }),
  ];
}

/** Of the window that standard output shows in. */
export function outputWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
}
