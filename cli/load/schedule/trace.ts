// A recorded trace: a file with one JSON object a line, whose `at` is when a reader or a program arrived, to the second. The log of
// arrivals of a front or a node is one (--arrivals-log), and so is what `tmpfleet record` writes.
import { z } from 'zod';
import { SPAWN_KIND } from '../../../shared/arrivals-log.ts';
import type { Random } from '../../../shared/clock.ts';
import { describeError, FleetError } from '../../../shared/errors.ts';
import { readOperatorFile } from '../../../shared/operator-file.ts';

export interface Trace {
  /** ms since the first second of the trace, in order */
  readonly arrivals: Float64Array;
  /** ms from the first second to the end of the last one */
  readonly forMs: number;
}

const word = z.string().max(100).optional();
/** Any file with times is a trace; the rest is what the log says beside them. */
const lineSchema = z.object({
  at: z.iso.datetime({ offset: true }),
  program: word,
  path: word,
  node: word,
  outcome: word,
  ms: z.number().min(0).optional(),
});
export type RecordedArrival = z.infer<typeof lineSchema>;

/** Who of a trace is replayed: readers come by a click, programs by `POST /api/spawn`. */
export type Replayed = 'readers' | 'programs';

const SECOND_MS = 1_000;

/**
 * Within its second, each reader arrives at a moment of their own.
 *
 * @param replayed `programs`: of a trace that has none, its readers
 * @param speed 60: an hour in a minute
 * @throws FleetError `bad-config` that names file and line
 */
export function parseTrace(
  text: string,
  { path, speed, replayed = 'readers' }: { path: string; speed: number; replayed?: Replayed },
  random: Random,
): Trace {
  const all = countedOnce(parseLines(text, path));
  const seconds = chosen(all, replayed).map(({ at }) => Math.floor(Date.parse(at) / SECOND_MS));
  if (all.length === 0) throw new FleetError('bad-config', `${path} has no arrivals`);
  if (seconds.length === 0) {
    throw new FleetError('bad-config', `--shape: ${path} has no readers, only programs`, {
      remedy: 'replay these with --profile spawn-api',
    });
  }
  const first = seconds.reduce((one, other) => Math.min(one, other));
  const last = seconds.reduce((one, other) => Math.max(one, other));
  const at = (second: number): number => ((second - first + random()) * SECOND_MS) / speed;
  return {
    arrivals: Float64Array.from(seconds, at).sort(),
    forMs: ((last - first + 1) * SECOND_MS) / speed,
  };
}

/** Four million lines of --arrivals-log. A text in Node has 512 MiB at most. */
const MAX_FILE_BYTES = 500 * 1024 * 1024;

/** The arrivals of a file. @throws FleetError `bad-config` that names file and line */
export function parseLines(text: string, path: string): readonly RecordedArrival[] {
  return text
    .split('\n')
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, number }) => parseLine(line, `${path}, line ${number}`));
}

/** Where logs of fronts and of nodes are put together, only the fronts' lines count: everybody came by one of them. */
export function countedOnce(lines: readonly RecordedArrival[]): readonly RecordedArrival[] {
  const ofFront = lines.filter(({ program }) => program === 'front');
  return ofFront.length > 0 ? ofFront : lines;
}

export function isProgram({ path }: RecordedArrival): boolean {
  return path === SPAWN_KIND;
}

function chosen(lines: readonly RecordedArrival[], replayed: Replayed): readonly RecordedArrival[] {
  const programs = lines.filter(isProgram);
  if (replayed === 'programs' && programs.length > 0) return programs;
  return lines.filter((line) => !isProgram(line));
}

/** @param flag that names the file. @throws FleetError `bad-config` */
export function readTraceFile(path: string, flag: string): string {
  try {
    return readOperatorFile(path, MAX_FILE_BYTES).toString();
  } catch (error) {
    throw new FleetError('bad-config', `${flag}: the trace ${path} cannot be read (${describeError(error)})`);
  }
}

function parseLine(line: string, where: string): z.infer<typeof lineSchema> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new FleetError('bad-config', `${where} is no JSON: ${line.slice(0, 80)}`);
  }
  const parsed = lineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FleetError('bad-config', `${where} has no time of arrival: ${line.slice(0, 80)}`, {
    remedy: 'expected {"at":"2026-01-31T18:00:00Z"}, as --arrivals-log writes it',
  });
}
