// `--measure`: starts a few sandboxes on this host, one after another, and takes from them what a start costs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import type { MeasuringEngine } from '../../node-agent/engine/engine.ts';
import type { EngineSetup } from '../../node-agent/engine/index.ts';
import { awaitAnswer, type ProbePlace } from '../../node-agent/engine/readiness.ts';
import { newNonce, newSandboxId, systemClock } from '../../shared/clock.ts';
import type { ConfigOf } from '../../shared/config/option.ts';
import { createLogger } from '../../shared/logging.ts';
import type { PlanConfig } from './question.ts';

/** Medians, but for the removals. */
export interface Measured extends Start {
  /** Of all of them at the same time. */
  readonly removeMs: number;
}

interface Start {
  /** Of a sandbox that has just started, and in which nothing has been run. */
  readonly memoryBytes: number | undefined;
  readonly startMs: number;
  readonly startCpuMs: number | undefined;
}

const SANDBOXES = 3;

type Words = (words: string) => void;

/** @throws FleetError where a sandbox cannot be started. @param say what is being done @param env where Docker is, and PATH */
export async function measure(
  { measure: image, command }: Pick<PlanConfig, 'measure' | 'command'>,
  say: Words,
  env: EngineSetup['env'] = process.env,
): Promise<Measured> {
  const { createEngine } = await import('../../node-agent/engine/index.ts');
  const dataDir = await mkdtemp(join(tmpdir(), 'tmpfleet-plan-'));
  const defaults = defaultsOf(nodeAgentOptions);
  const isLocal = image === 'local';
  const config = { ...defaults, dataDir, command, ...(isLocal ? {} : { image }) };
  const logger = createLogger({ level: 'error', format: 'pretty', name: 'plan' });
  const setup = { nodeId: `plan-${newNonce().slice(0, 8)}`, logger, clock: systemClock, env };
  const engine = createEngine(isLocal ? 'local' : 'docker', config, setup);
  let isOpen = false;
  try {
    say(`${isLocal ? 'the local engine' : image} is being prepared`);
    await engine.open(() => undefined);
    isOpen = true;
    const each: Start[] = [];
    const ids: string[] = [];
    // The first one warms the caches of the host; it does not count.
    for (let turn = 0; turn <= SANDBOXES; turn += 1) {
      say(`sandbox ${turn + 1} of ${SANDBOXES + 1} starts`);
      const id = newSandboxId();
      ids.push(id);
      const start = await measureStart(engine, config, id);
      if (turn > 0) each.push(start);
    }
    // As many at a time as a node removes.
    const began = performance.now();
    await Promise.all(ids.map((id) => engine.remove(id)));
    return {
      memoryBytes: median(each.map(({ memoryBytes }) => memoryBytes)),
      startMs: median(each.map(({ startMs }) => startMs)) ?? 0,
      startCpuMs: median(each.map(({ startCpuMs }) => startCpuMs)),
      removeMs: Math.round(performance.now() - began),
    };
  } finally {
    // Where Docker does not answer, nothing is to be removed, and that must not hide why.
    await engine.close({ purge: isOpen }).finally(() => rm(dataDir, { recursive: true, force: true }));
  }
}

async function measureStart(engine: MeasuringEngine, probe: ProbePlace, id: string): Promise<Start> {
  const spec = { id, token: newSandboxId() };
  const began = performance.now();
  const address = await engine.start(spec);
  const deadline = AbortSignal.timeout(nodeAgentOptions.startTimeoutMs.default);
  await awaitAnswer({ ...spec, address }, probe, deadline);
  const startMs = Math.round(performance.now() - began);
  const usage = await engine.usage(id);
  return {
    ...{ startMs, memoryBytes: usage?.memoryBytes },
    startCpuMs: usage === undefined ? undefined : Math.round(usage.cpuMs),
  };
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((one, other) => one - other);
  return known[Math.floor(known.length / 2)];
}

function defaultsOf<O extends typeof nodeAgentOptions>(options: O): ConfigOf<O> {
  // The same keys, each with its default.
  return Object.fromEntries(
    Object.entries(options).map(([name, spec]) => [name, spec.default]),
  ) as ConfigOf<O>;
}
