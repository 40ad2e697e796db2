// `tmpfleet plan`: how many hosts a crowd of readers needs, and what they will live through.
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import { spellDuration } from '../../shared/config/units.ts';
import { describeError } from '../../shared/errors.ts';
import type { PlanFile } from '../load/check/plan-file.ts';
import { SHAPE_WORDS } from '../load/schedule/shapes.ts';
import { addOptions, readOptions } from '../server/options.ts';
import { CommandError, EXIT, reportFailure } from '../terminal/exit.ts';
import { clip } from '../terminal/text.ts';
import { expectOf, type FleetConfig, type Outcome } from './expect.ts';
import { findFleet, RUNS } from './find.ts';
import { planOptions } from './options.ts';
import { describePlan, fleetJson } from './print.ts';
import { ask, type PlanConfig, type Question, questionJson } from './question.ts';
import type { WhatIf } from './what-if.ts';

export function addPlanCommand(command: Command): void {
  addOptions(command, planOptions, { readsEnvironment: false });
  // Commas belong to a row, so several rows have semicolons between.
  command.options
    .find(({ long }) => long === '--what-if')
    ?.argParser((row: string, rows: unknown) => (typeof rows === 'string' ? `${rows}; ${row}` : row));
  command
    .addHelpText(
      'after',
      `
Shapes:
${Object.entries(SHAPE_WORDS)
  .map(([name, words]) => `  ${name.padEnd(12)} ${words}`)
  .join('\n')}

  tmpfleet plan --readers 20000 --over 6h --shape nature-day --host-memory 64g --host-cpus 16
  tmpfleet plan --readers 20000 --over 6h --measure quay.io/jupyter/base-notebook:latest --save plan.json
  tmpfleet plan --readers 2000 --hosts 6 --capacity 40 --warm 10 --what-if hosts=8 --what-if warm=20,hosts=6

The plan is simulated with the placement, the pool and the line of the fleet itself: one front, equal hosts that all live and
whose starts all succeed, readers who press once, and a network of --latency. What else readers compute is in --reader-cpus alone.
docs/plan.md says what the simulation leaves out, and how near it came to real fleets.

Exit code: 5 if what has to be kept is not kept.`,
    )
    .action(async () => {
      try {
        process.exitCode = await plan(command);
      } catch (error) {
        process.exitCode = reportFailure(error);
      }
    });
}

async function plan(command: Command): Promise<number> {
  const { config, printed } = readOptions(planOptions, command, {});
  if (printed !== undefined) {
    process.stdout.write(printed);
    return EXIT.ok;
  }
  // What is wrong with the rest is said before anything is measured.
  ask(config, undefined, systemClock);
  const progress = new Progress();
  const measured =
    config.measure === ''
      ? undefined
      : await (await import('./measure.ts')).measure(config, (words) => progress.show(words));
  const question = ask(config, measured, systemClock);
  const file = makePlan(config, question, progress);
  if (config.save !== '') save(config.save, file);
  process.stdout.write(
    config.json ? `${JSON.stringify(file, undefined, 2)}\n` : describePlan(file, question),
  );
  return file.plan.is_kept ? EXIT.ok : EXIT.otherwise;
}

function makePlan(config: PlanConfig, question: Question, progress: Progress): PlanFile {
  const { given, targets, capacity, starts, hasDate } = question;
  const began = performance.now();
  const proposal = findFleet({
    ...{ given, targets, capacity, starts, hasDate },
    hosts: config.hosts || undefined,
    warm: config.warm < 0 ? undefined : config.warm,
    isLate: () => performance.now() - began > config.searchTimeMs,
    onTrial: (words) => progress.show(`simulating ${words}`),
  });
  if (proposal === undefined) {
    progress.end();
    throw new CommandError(
      EXIT.otherwise,
      'unavailable',
      `no number of hosts was found to be enough within ${spellDuration(config.searchTimeMs)}`,
      { remedy: 'a longer --search-time, larger hosts, or less strict --wait and --refused' },
    );
  }
  const { fleet, isExact, simulations } = proposal;
  const rows = config.whatIf.map((whatIf) => {
    progress.show(`simulating ${whatIf.text}`);
    const changed = change(fleet, whatIf);
    return { changes: whatIf.text, ...fleetJson(changed, expectAll(changed, question, whatIf.readers)) };
  });
  progress.end();
  return {
    version: 1,
    question: questionJson(config, question),
    plan: {
      ...fleetJson(fleet, proposal),
      of_seed: expectAll(fleet, ofOneCrowd(question), undefined).expected,
    },
    what_if: rows,
    search: { simulations: simulations + RUNS * rows.length, is_exact: isExact },
  };
}

/** Who names a number of warm sandboxes means it for all the time. */
function change(fleet: FleetConfig, { hosts, capacity, warm, starts }: WhatIf): FleetConfig {
  return {
    hosts: hosts ?? fleet.hosts,
    capacity: capacity ?? fleet.capacity,
    warm: warm ?? fleet.warm,
    starts: starts ?? fleet.starts,
    book: warm === undefined ? fleet.book : [],
  };
}

function expectAll(fleet: FleetConfig, { given, targets }: Question, readers: number | undefined): Outcome {
  const outcome = expectOf(fleet, given, {
    ...{ runs: RUNS, readers, targets, endsEarly: false, isLate: () => false },
  });
  if (typeof outcome === 'string') throw new TypeError('a simulation that must not end early has');
  return outcome;
}

/** Each simulation has the readers of the seed. */
function ofOneCrowd(question: Question): Question {
  const { given } = question;
  return { ...question, given: { ...given, schedule: (_, readers) => given.schedule(given.seed, readers) } };
}

function save(path: string, file: PlanFile): void {
  try {
    writeFileSync(path, `${JSON.stringify(file, undefined, 2)}\n`);
  } catch (error) {
    const message = `--save: ${path} cannot be written (${describeError(error)})`;
    throw new CommandError(EXIT.failed, 'unavailable', message);
  }
}

/** On a terminal alone: what is being done now. */
class Progress {
  readonly #began = performance.now();

  show(words: string): void {
    if (process.stderr.isTTY !== true) return;
    const seconds = Math.round((performance.now() - this.#began) / 1_000);
    const line = clip(`${seconds} s: ${words} …`, (process.stderr.columns ?? 80) - 1);
    process.stderr.write(`\r\x1b[K${line}`);
  }

  end(): void {
    if (process.stderr.isTTY === true) process.stderr.write('\r\x1b[K');
  }
}
