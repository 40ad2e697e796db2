// Text for a terminal: columns that line up in any script, and nothing from elsewhere that could command the terminal.
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { SIGNS } from './signs.ts';

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** What a node says of itself is printed as it is, but for escape sequences and other control characters. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, ' ');
}

/** The text cut to at most `columns`, with a mark where it was cut. */
export function clip(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  const { more } = SIGNS;
  let kept = '';
  let width = 0;
  for (const { segment } of segments.segment(text)) {
    width += stringWidth(segment);
    if (width > columns - more.length) break;
    kept += segment;
  }
  return kept + more.slice(0, Math.max(0, columns));
}

export function pad(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const blank = ' '.repeat(Math.max(0, columns - stringWidth(text)));
  return side === 'left' ? text + blank : blank + text;
}

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly side?: 'left' | 'right';
}

/** Lines of a table, its head first; no line ends in blanks. */
export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly string[] {
  const cells = columns.map(({ head, cell }) => [head, ...rows.map((row) => printable(cell(row)))]);
  const widths = cells.map((column) => Math.max(...column.map((text) => stringWidth(text))));
  return [undefined, ...rows].map((_, line) =>
    columns
      .map(({ side }, index) => pad(cells[index]?.[line] ?? '', widths[index] ?? 0, side))
      .join('  ')
      .trimEnd(),
  );
}
