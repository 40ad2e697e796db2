// What was asked, from the options: what is given, what is to be kept, and the schedule of readers.
import { availableParallelism, totalmem } from 'node:os';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { type Clock, seededRandom } from '../../shared/clock.ts';
import type { ConfigOf } from '../../shared/config/option.ts';
import { formatBytes, formatDuration } from '../../shared/config/units.ts';
import { FleetError } from '../../shared/errors.ts';
import type { PlanFile } from '../load/check/plan-file.ts';
import { makeSchedule } from '../load/schedule/schedule.ts';
import type { Circumstances, Image } from './expect.ts';
import type { Measured } from './measure.ts';
import type { planOptions } from './options.ts';
import { slotsOf, startsOf } from './propose.ts';
import { parseStartTime } from './start-time.ts';
import { shareKind, type Targets } from './targets.ts';

export type PlanConfig = ConfigOf<typeof planOptions>;

export interface Question {
  readonly given: Circumstances;
  readonly targets: Targets;
  readonly hostMemoryBytes: number;
  readonly capacity: number;
  readonly starts: number;
  readonly measured: Measured | undefined;
  readonly hasDate: boolean;
}

const DEFAULT_OVER_MS = 3_600_000;
const DEFAULT_IMAGE = { startMs: 3_000, startCpuMs: 2_000, removeMs: 2_000 };
const LEAST_START_MS = 1;

/** @throws FleetError `bad-config` */
export function ask(config: PlanConfig, measured: Measured | undefined, clock: Pick<Clock, 'now'>): Question {
  const schedule = scheduleOf(config);
  const image: Image = {
    // What is measured has run nothing yet: a host must have room for what each sandbox may use.
    memoryBytes: config.sandboxMemoryBytes || nodeAgentOptions.memoryBytes.default,
    startMs: Math.max(LEAST_START_MS, config.startTimeMs || measured?.startMs || DEFAULT_IMAGE.startMs),
    // Measured, it may be so little that it is rounded to nothing.
    startCpuMs: config.cpuMs || (measured?.startCpuMs ?? DEFAULT_IMAGE.startCpuMs),
    removeMs: config.removeTimeMs || (measured?.removeMs ?? DEFAULT_IMAGE.removeMs),
    readerCores: config.readerCpus,
  };
  const cores = config.hostCpus || availableParallelism();
  const memoryBytes = config.hostMemoryBytes || totalmem();
  const freeBytes = nodeAgentOptions.minFreeMemoryBytes.default;
  const capacity = config.capacity || slotsOf({ memoryBytes, cores, freeBytes }, image);
  if (capacity === 0) {
    const host = `${formatBytes(memoryBytes)} of memory and ${cores} cores`;
    throw new FleetError('bad-config', `a host with ${host} has no room for a sandbox`, {
      remedy: `--host-memory, --host-cpus or --capacity for a larger one, or --sandbox-memory (now ${formatBytes(image.memoryBytes)}) and --reader-cpus (now ${image.readerCores}) for a smaller sandbox`,
    });
  }
  if (config.idleMs === 0 && config.maxAgeMs === 0) {
    throw new FleetError('bad-config', '--idle, --max-age: with 0 for both, no sandbox ever ends', {
      remedy: 'give one of them as the nodes have it',
    });
  }
  const starts = parseStartTime(config.at, clock.now());
  if (starts === undefined) throw new FleetError('bad-config', `--at: invalid value ${config.at}`);
  return {
    given: {
      ...{ schedule, image, cores, seed: config.seed, startsAt: starts.at, stay: config.stay },
      ...{ idleMs: config.idleMs, maxAgeMs: config.maxAgeMs, patienceMs: config.patienceMs },
      ...{ claimWaitMs: nodeAgentOptions.claimWaitMs.default, latencyMs: config.latencyMs },
      pollMs: config.pollIntervalMs,
      cullMs: config.cullIntervalMs,
    },
    targets: { refused: config.refused, waits: config.wait },
    ...{ hostMemoryBytes: memoryBytes, capacity, measured, hasDate: starts.hasDate },
    starts: config.concurrentStarts || startsOf(cores, image),
  };
}

/** @throws FleetError `bad-config`, at once for what holds for every seed */
function scheduleOf({ readers, overMs, shape, seed }: PlanConfig): Circumstances['schedule'] {
  const isTrace = shape.startsWith('trace:');
  if (isTrace && (readers > 0 || overMs > 0)) {
    throw new FleetError('bad-config', '--shape: a trace says by itself how many readers come, and when', {
      remedy: 'leave out --readers and --over',
    });
  }
  if (!isTrace && readers === 0) {
    throw new FleetError('bad-config', '--readers: missing; expected how many readers come', {
      remedy: 'such as tmpfleet plan --readers 20000 --over 6h; tmpfleet plan --help has the rest',
    });
  }
  const schedule: Circumstances['schedule'] = (ofSeed, number = readers) =>
    makeSchedule(
      {
        ...{ shape, rate: 0, closed: 0, spacing: 'poisson', speed: 1 },
        ...(isTrace ? { readers: 0, forMs: 0 } : { readers: number, forMs: overMs || DEFAULT_OVER_MS }),
      },
      seededRandom(ofSeed),
    );
  schedule(seed);
  return schedule;
}

/** For the file. */
export function questionJson(config: PlanConfig, question: Question): PlanFile['question'] {
  const { given, targets, hostMemoryBytes } = question;
  const { image, cores } = given;
  const { arrivals, forMs } = given.schedule(given.seed);
  return {
    ...{ readers: arrivals.length, over: formatDuration(forMs), shape: config.shape, at: config.at },
    ...{ seed: config.seed, stay: config.stay.text, patience: formatDuration(config.patienceMs) },
    ...{ latency: formatDuration(config.latencyMs), idle: formatDuration(config.idleMs) },
    ...{ max_age: formatDuration(config.maxAgeMs), cull_interval: formatDuration(config.cullIntervalMs) },
    poll_interval: formatDuration(config.pollIntervalMs),
    refused: String(shareKind.format(targets.refused)),
    wait: targets.waits.map(({ text }) => text),
    measured: config.measure,
    measured_memory: formatBytes(question.measured?.memoryBytes ?? 0),
    ...{ sandbox_memory: formatBytes(image.memoryBytes), start_time: formatDuration(image.startMs) },
    ...{ cpu: formatDuration(image.startCpuMs), remove_time: formatDuration(image.removeMs) },
    ...{ reader_cpus: image.readerCores, host_memory: formatBytes(hostMemoryBytes), host_cpus: cores },
  };
}
