// The run as it goes, on standard error: redrawn in place on a terminal, a line every few seconds elsewhere.
import { spellCount } from '../../shared/config/units.ts';
import type { Recorder } from './measure/recorder.ts';
import { spellMs } from './report/summary.ts';
import type { FleetWatch } from './run/fleet-watch.ts';

const DRAW_MS = 500;
const LINE_MS = 10_000;
/** What a reader waits for, the best that was measured. */
const MAIN_STEPS = ['first_output', 'landed', 'spawn', 'all_steps'] as const;

export interface ProgressOptions {
  readonly recorder: Recorder;
  readonly fleet: FleetWatch;
  /** ms since the begin */
  readonly elapsed: () => number;
  /** ms */
  readonly forMs: number;
}

/** @returns a function that ends it */
export function showProgress(options: ProgressOptions): () => void {
  const isTerminal = process.stderr.isTTY === true;
  let drawn = 0;
  const draw = (): void => {
    const lines = progressLines(options).map((line) => line.slice(0, (process.stderr.columns ?? 120) - 1));
    const back = drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`;
    process.stderr.write(isTerminal ? `${back}${lines.join('\n')}\n` : `${lines.join('  ')}\n`);
    drawn = isTerminal ? lines.length : 0;
  };
  const timer = setInterval(draw, isTerminal ? DRAW_MS : LINE_MS);
  return () => {
    clearInterval(timer);
    if (isTerminal && drawn > 0) process.stderr.write(`\x1b[${drawn}A\x1b[J`);
  };
}

export function progressLines({ recorder, fleet, elapsed, forMs }: ProgressOptions): readonly string[] {
  const { arrived, open, ended, steps, errors } = recorder;
  const seconds = Math.round(elapsed() / 1_000);
  const left = elapsed() > forMs ? 'waiting for the last readers' : `of ${Math.round(forMs / 1_000)} s`;
  const counts = `${arrived} came, ${open} are there, ${ended.served} served, ${ended.refused} refused, ${ended.failed} failed`;
  const main = MAIN_STEPS.find((step) => steps.has(step));
  const times = main === undefined ? undefined : steps.get(main);
  const last = [...errors.values()].at(-1);
  const { last: state } = fleet;
  return [
    `${seconds} s ${left}: ${counts}`,
    ...(times === undefined ? [] : [`${main}: p50 ${spellMs(times.at(50))}, p99 ${spellMs(times.at(99))}`]),
    ...(state === undefined ? [] : [fleetLine(state)]),
    ...(last === undefined ? [] : [`last kind of error: ${last.kind} in ${last.step} × ${last.count}`]),
  ];
}

function fleetLine({
  nodes,
  nodes_down: down,
  available,
  capacity,
  held,
  waiting,
}: NonNullable<FleetWatch['last']>) {
  return `fleet: ${spellCount(nodes, 'node')}${down > 0 ? ` and ${down} down` : ''}, ${available} of ${capacity} free, ${held} held, ${waiting} waiting`;
}
