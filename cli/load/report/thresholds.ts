// What a run has to keep: `first_output.p99<500ms`, `success>99.9%`, `refused==20`. Read before the run, judged after it.
import { parseDuration } from '../../../shared/config/units.ts';
import { FleetError } from '../../../shared/errors.ts';
import { type Report, timesOf } from './report.ts';

const OPERATORS = {
  '<': (value: number, bound: number) => value < bound,
  '<=': (value: number, bound: number) => value <= bound,
  '>': (value: number, bound: number) => value > bound,
  '>=': (value: number, bound: number) => value >= bound,
  '==': (value: number, bound: number) => value === bound,
} as const;
type Operator = keyof typeof OPERATORS;

const READERS = ['arrived', 'served', 'success', 'refused', 'failed', 'errors'] as const;
type ReaderCount = (typeof READERS)[number];

export interface Threshold {
  /** As written. */
  readonly text: string;
  readonly subject:
    | { readonly kind: 'readers'; readonly count: ReaderCount; readonly isShare: boolean }
    | { readonly kind: 'step'; readonly step: string; readonly figure: string };
  readonly operator: Operator;
  /** ms, percent, or a number */
  readonly bound: number;
}

export interface Judgement {
  readonly text: string;
  readonly ok: boolean;
  /** In words, with its unit. */
  readonly actual: string;
}

const SHAPE = /^([a-z]\w*)(?:\.(p\d{1,2}(?:\.\d{1,3})?|mean|max|count))?\s*(<=|>=|==|<|>)\s*(\S+)$/;

/** @throws FleetError `bad-config` */
export function parseThreshold(text: string): Threshold {
  const [, name = '', figure, sign, value = ''] = SHAPE.exec(text.trim()) ?? [];
  const operator = Object.keys(OPERATORS).find((each): each is Operator => each === sign);
  if (operator === undefined) throw invalid(text);
  const count = READERS.find((each) => each === name);
  if (count !== undefined && figure === undefined) {
    const isShare = value.endsWith('%');
    const bound = Number(isShare ? value.slice(0, -1) : value);
    // `success` is a share by its meaning: a number of it is `served`.
    if (!Number.isFinite(bound) || value === '' || (count === 'success' && !isShare)) throw invalid(text);
    return { text, subject: { kind: 'readers', count, isShare }, operator, bound };
  }
  if (figure === undefined) throw invalid(text);
  const bound = figure === 'count' ? Number(value) : parseDuration(value);
  if (typeof bound !== 'number' || !Number.isFinite(bound)) throw invalid(text);
  return { text, subject: { kind: 'step', step: name, figure }, operator, bound };
}

function invalid(text: string): FleetError {
  return new FleetError('bad-config', `--threshold: invalid value ${JSON.stringify(text)}`, {
    remedy:
      "expected a step's p50, p99, p99.9, mean, max or count, or success, served, refused, failed or errors, " +
      'such as first_output.p99<500ms, success>99.9% or refused==20',
  });
}

export function judge({ text, subject, operator, bound }: Threshold, report: Report): Judgement {
  const isMet = (value: number): boolean => OPERATORS[operator](value, bound);
  if (subject.kind === 'readers') {
    const number = countOf(report, subject.count);
    if (!subject.isShare) return { text, ok: isMet(number), actual: String(number) };
    const { arrived } = report.readers;
    if (arrived === 0) return { text, ok: false, actual: 'no reader came' };
    const percent = (100 * number) / arrived;
    return { text, ok: isMet(percent), actual: `${Number(percent.toFixed(4))}%` };
  }
  const { step, figure } = subject;
  const times = timesOf(report, step);
  // What was not measured has not been kept.
  if (times === undefined) return { text, ok: false, actual: `no reader came to ${step}` };
  if (figure === 'count') return { text, ok: isMet(times.count), actual: String(times.count) };
  const value =
    figure === 'mean' ? times.mean : figure === 'max' ? times.max : times.at(Number(figure.slice(1)));
  return { text, ok: isMet(value), actual: `${Number(value.toFixed(3))}ms` };
}

function countOf({ readers, errors }: Report, count: ReaderCount): number {
  if (count === 'success') return readers.served;
  if (count === 'errors')
    return errors.reduce((sum, { outcome, count: number }) => sum + (outcome === 'failed' ? number : 0), 0);
  return readers[count];
}
