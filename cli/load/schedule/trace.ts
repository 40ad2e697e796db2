// A recorded trace: a file with one JSON object a line, whose `at` is when a reader arrived, to the second. The log of arrivals
// of a front or a node is one (--arrivals-log).
import { z } from 'zod';
import type { Random } from '../../../shared/clock.ts';
import { describeError, FleetError } from '../../../shared/errors.ts';
import { readOperatorFile } from '../../../shared/operator-file.ts';

export interface Trace {
  /** ms since the first second of the trace, in order */
  readonly arrivals: Float64Array;
  /** ms from the first second to the end of the last one */
  readonly forMs: number;
}

/** Further fields are what the log says beside it. */
const lineSchema = z.object({ at: z.iso.datetime({ offset: true }), program: z.string().optional() });

const SECOND_MS = 1_000;

/**
 * Within its second, each reader arrives at a moment of their own. Where a log of a front and logs of nodes were put together,
 * only the front's lines count: each reader came by it.
 *
 * @param speed 60: an hour in a minute
 * @throws FleetError `bad-config` that names file and line
 */
export function parseTrace(
  text: string,
  { path, speed }: { path: string; speed: number },
  random: Random,
): Trace {
  const lines = text
    .split('\n')
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, number }) => parseLine(line, `${path}, line ${number}`));
  const ofFront = lines.filter(({ program }) => program === 'front');
  const seconds = (ofFront.length > 0 ? ofFront : lines).map(({ at }) =>
    Math.floor(Date.parse(at) / SECOND_MS),
  );
  if (seconds.length === 0) throw new FleetError('bad-config', `${path} has no arrivals`);
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

/** @throws FleetError `bad-config` */
export function readTrace(path: string, speed: number, random: Random): Trace {
  let text: string;
  try {
    text = readOperatorFile(path, MAX_FILE_BYTES).toString();
  } catch (error) {
    throw new FleetError('bad-config', `--shape: the trace ${path} cannot be read (${describeError(error)})`);
  }
  return parseTrace(text, { path, speed }, random);
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
