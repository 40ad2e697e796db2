// The options of `tmpfleet plan`.
import { nodeAgentOptions } from '../../node-agent/config.ts';
import {
  bytes,
  decimal,
  duration,
  flag,
  inGroup,
  integer,
  type Kind,
  option,
  text,
} from '../../shared/config/option.ts';
import { loadOptions } from '../load/options.ts';
import { distributionOf } from '../load/schedule/distribution.ts';
import { startTimeKind } from './start-time.ts';
import { parseWait, shareKind, waitsKind } from './targets.ts';
import { whatIfKind } from './what-if.ts';

/** 0 stands for what is found, or given by this host. */
function orUnset(kind: Kind<number>): Kind<number> {
  return { ...kind, format: (value) => (value === 0 ? '' : kind.format(value)) };
}

const warmKind: Kind<number> = {
  ...nodeAgentOptions.warm.kind,
  format: (value) => (value === -1 ? '' : nodeAgentOptions.warm.kind.format(value)),
};

export const planOptions = {
  ...inGroup('Arrivals', {
    readers: {
      ...option(orUnset(integer(0, 1_000_000)), 0, 'number of readers'),
      whenUnset: 'those of a trace',
    },
    overMs: {
      ...option(orUnset(duration()), 0, 'how long readers arrive'),
      whenUnset: '1h, or as long as a trace',
    },
    shape: loadOptions.shape,
    at: option(
      startTimeKind,
      '12:00',
      'when the first readers may arrive, for bookings; with its day, or for each day',
    ),
    seed: loadOptions.seed,
  }),
  ...inGroup('What a reader does', {
    stay: option(loadOptions.stay.kind, distributionOf('exp:20m'), 'how long a reader uses a sandbox'),
    patienceMs: loadOptions.patienceMs,
    latencyMs: option(duration(), 100, 'time from a request of a reader to its answer, by the network alone'),
  }),
  ...inGroup('What has to be kept', {
    refused: option(shareKind, 0.001, 'most readers who get no sandbox'),
    wait: option(
      waitsKind,
      [parseWait('p99<2s') ?? { text: '', part: 0, lessThanMs: 0 }],
      'longest waits from the click to the sandbox; may be given several times',
    ),
  }),
  ...inGroup('Sandboxes', {
    measure: {
      ...option(
        text('image', 'an image such as quay.io/jupyter/base-notebook:latest, or local'),
        '',
        'start a few sandboxes on this host, and take the times of a start and a removal from them; local: with the local engine',
      ),
      whenUnset: 'they are given',
    },
    command: nodeAgentOptions.command,
    sandboxMemoryBytes: {
      ...option(orUnset(bytes()), 0, 'memory that each sandbox may use, as the --memory of the nodes says'),
      whenUnset: `${nodeAgentOptions.memoryBytes.kind.format(nodeAgentOptions.memoryBytes.default)}`,
    },
    startTimeMs: {
      ...option(orUnset(duration()), 0, 'time of a start that has the host for itself'),
      whenUnset: 'what is measured, and else 3s',
    },
    cpuMs: {
      ...option(orUnset(duration()), 0, 'processor time of a start'),
      whenUnset: 'what is measured, and else 2s',
    },
    removeTimeMs: {
      ...option(orUnset(duration()), 0, 'time until the slot of an ended sandbox is free'),
      whenUnset: 'what is measured, and else 2s',
    },
    readerCpus: option(decimal(0, 1_024), 0.05, "cores that a reader's sandbox uses on average"),
    idleMs: option(
      nodeAgentOptions.idleMs.kind,
      nodeAgentOptions.idleMs.default,
      'the --idle of the nodes: a sandbox is ended when unused for this long (0: never)',
    ),
    maxAgeMs: option(
      nodeAgentOptions.maxAgeMs.kind,
      nodeAgentOptions.maxAgeMs.default,
      'the --max-age of the nodes (0: never)',
    ),
  }),
  ...inGroup('Nodes', {
    hostMemoryBytes: { ...option(orUnset(bytes()), 0, 'memory of a host'), whenUnset: "this host's" },
    hostCpus: { ...option(orUnset(decimal(0, 4_096)), 0, 'cores of a host'), whenUnset: "this host's" },
    hosts: {
      ...option(orUnset(integer(0, 10_000)), 0, 'number of hosts'),
      whenUnset: 'the fewest that are enough',
    },
    capacity: {
      ...option(orUnset(integer(0, 10_000)), 0, 'slots of a host'),
      whenUnset: 'what its memory and cores allow',
    },
    warm: {
      ...option(warmKind, -1, 'sandboxes that a host keeps ready'),
      whenUnset: 'the fewest that are enough',
    },
    concurrentStarts: {
      ...option(orUnset(integer(0, 256)), 0, 'most sandboxes that start at a time on a host'),
      whenUnset: 'as many as keep its cores busy',
    },
    cullIntervalMs: option(
      nodeAgentOptions.cullIntervalMs.kind,
      nodeAgentOptions.cullIntervalMs.default,
      'the --cull-interval of the nodes',
    ),
    pollIntervalMs: option(duration(100), 2_000, 'the --poll-interval of the front'),
  }),
  ...inGroup('Report', {
    whatIf: option(
      whatIfKind,
      [],
      'further rows: what would come of other values; may be given several times',
    ),
    json: option(flag(), false, 'print the plan as JSON'),
    save: option(text('file', 'a file'), '', 'write the plan as JSON, for tmpfleet load --check'),
    searchTimeMs: option(
      duration(1_000),
      120_000,
      'longest time of the search; then the best that was found is the plan',
    ),
  }),
};
