// What a container has used of the host so far, as Docker counts it.
import type Dockerode from 'dockerode';
import { z } from 'zod';
import type { Usage } from '../engine.ts';
import { callDocker, statusOf } from './connection.ts';

/** Docker answers with zeros, or without these fields, for a container that does not run. */
const statsSchema = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z.object({
    usage: z.number(),
    stats: z.object({ inactive_file: z.number().optional() }).optional(),
  }),
});

const DEADLINE_MS = 15_000;
const NS_PER_MS = 1_000_000;

/** Undefined for a container that does not exist, or does not run. */
export async function usageOfContainer(container: Dockerode.Container): Promise<Usage | undefined> {
  let stats: unknown;
  try {
    stats = await callDocker(
      { what: 'read the use of a container', deadlineMs: DEADLINE_MS },
      (abortSignal) => {
        // Its types do not know that it can be aborted.
        const options: { stream: false; 'one-shot': true; abortSignal: AbortSignal } = {
          ...{ stream: false, 'one-shot': true, abortSignal },
        };
        return container.stats(options);
      },
    );
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
  const parsed = statsSchema.safeParse(stats);
  if (!parsed.success) return undefined;
  const { cpu_stats: cpu, memory_stats: memory } = parsed.data;
  return {
    cpuMs: cpu.cpu_usage.total_usage / NS_PER_MS,
    // As `docker stats` shows it: what the kernel can drop at any time does not count.
    memoryBytes: memory.usage - (memory.stats?.inactive_file ?? 0),
  };
}
