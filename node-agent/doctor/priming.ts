// Primes a sandbox as the node would, and says what that costs: time of each start, and memory of each sandbox.
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { check, type Finding } from '../../shared/checkup/checkup.ts';
import { FleetError } from '../../shared/errors.ts';
import { callDocker } from '../engine/docker/connection.ts';
import { type PrimeConfig, readPrimeCell } from '../engine/prime-options.ts';
import type { AskedSandbox } from '../engine/readiness.ts';
import { Jupyter } from '../priming/jupyter.ts';

export interface PrimingCheck {
  readonly config: PrimeConfig & { readonly startTimeoutMs: number; readonly memoryBytes: number };
  readonly container: Dockerode.Container;
  /** Its server answers. */
  readonly sandbox: AskedSandbox;
}

const MIB = 1024 ** 2;
const STATS_MS = 10_000;

/** Fields of Docker's `stats`; the name of the page cache that can be dropped differs by cgroup version. */
const statsSchema = z.object({
  memory_stats: z.object({
    usage: z.number(),
    stats: z
      .object({ inactive_file: z.number().optional(), total_inactive_file: z.number().optional() })
      .default({}),
  }),
});

/** Nothing where no notebook is to be primed. */
export async function checkPriming({
  config,
  container,
  sandbox,
}: PrimingCheck): Promise<readonly Finding[]> {
  const { prime, startTimeoutMs, memoryBytes } = config;
  const findings: Finding[] = [];
  for (const { notebook } of prime) {
    findings.push(
      await check('priming', async () => {
        const before = await memoryOf(container);
        const began = performance.now();
        const jupyter = new Jupyter(sandbox, AbortSignal.timeout(startTimeoutMs));
        const session = await jupyter.openSession(notebook, await jupyter.kernelOf(notebook));
        await jupyter.warmUp(session, readPrimeCell(config));
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        const after = await memoryOf(container);
        const cost = `${seconds} s of each start, ${mib(after - before)} MiB of each sandbox`;
        const detail = `the kernel of ${notebook} runs: ${cost} (${mib(after)} of ${mib(memoryBytes)} MiB in use)`;
        await jupyter.closeSession(notebook);
        if (after <= memoryBytes / 2) return { detail };
        return {
          level: 'warn',
          detail,
          remedy: 'the reader has less than half of the memory left: raise --memory',
        };
      }),
    );
  }
  return findings;
}

/** What `docker stats` shows: without the page cache that the kernel would drop first. bytes */
async function memoryOf(container: Dockerode.Container): Promise<number> {
  const call = { what: 'tell the memory of a sandbox', deadlineMs: STATS_MS };
  const { success, data } = statsSchema.safeParse(
    await callDocker(call, () => container.stats({ stream: false, 'one-shot': true })),
  );
  if (!success) throw new FleetError('engine-unavailable', 'Docker does not tell the memory of a sandbox');
  const { usage, stats } = data.memory_stats;
  return usage - (stats.inactive_file ?? stats.total_inactive_file ?? 0);
}

const mib = (bytes: number): number => Math.round(bytes / MIB);
