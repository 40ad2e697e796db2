// The image: which one it is now, and asking its registry for a newer one.
import { createInterface } from 'node:readline';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { FleetError } from '../../../shared/errors.ts';
import { callDocker, reasonOf, statusOf } from './connection.ts';

const INSPECT_MS = 10_000;
/** A pull may take long, but not without any progress. */
const PULL_STALL_MS = 180_000;

export interface ImageFacts {
  /** `sha256:…` */
  readonly id: string;
  /** As the image states it; may be empty, a name or numbers. */
  readonly user: string;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  /** Paths it declares as volumes. */
  readonly volumes: readonly string[];
}

/** With the tag that Docker would otherwise read as "every tag there is". */
export function withTag(reference: string): string {
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  return name.includes(':') || name.includes('@') ? reference : `${reference}:latest`;
}

/** @throws FleetError `image-missing` */
export async function inspectImage(docker: Dockerode, reference: string): Promise<ImageFacts> {
  try {
    const found = await callDocker({ what: 'inspect the image', deadline: INSPECT_MS }, () =>
      docker.getImage(reference).inspect(),
    );
    const { User, WorkingDir, Entrypoint, Volumes } = imageConfigSchema.parse(found.Config);
    return {
      id: found.Id,
      user: User ?? '',
      workingDir: WorkingDir ?? '',
      entrypoint: typeof Entrypoint === 'string' ? [Entrypoint] : (Entrypoint ?? []),
      volumes: Object.keys(Volumes ?? {}),
    };
  } catch (cause) {
    if (statusOf(cause) === 404) throw imageMissing(reference, cause);
    throw cause;
  }
}

const imageConfigSchema = z.object({
  User: z.string().nullish(),
  WorkingDir: z.string().nullish(),
  Entrypoint: z.union([z.string(), z.array(z.string())]).nullish(),
  Volumes: z.record(z.string(), z.unknown()).nullish(),
});

export function imageMissing(reference: string, cause: unknown): FleetError {
  return new FleetError('image-missing', `Docker has no image ${reference}`, {
    cause,
    remedy: `type: docker pull ${reference}`,
  });
}

const progressSchema = z.object({ error: z.string().optional() });

/**
 * Asks the image's registry for the newest. (dockerode's `followProgress` takes a failed pull, which Docker
 * reports as a line in a 200 answer, for a good one; so the lines are read here.)
 * @throws FleetError `image-missing` with the registry's reason, `engine-timeout` when nothing moves any more
 */
export async function pullImage(docker: Dockerode, reference: string, closing: AbortSignal): Promise<void> {
  const stalled = new AbortController();
  const signal = AbortSignal.any([closing, stalled.signal]);
  const watchdog = setTimeout(() => stalled.abort(), PULL_STALL_MS);
  try {
    const stream = await docker.pull(reference, { abortSignal: signal });
    for await (const line of createInterface({ input: stream })) {
      watchdog.refresh();
      const { error } = progressSchema.parse(JSON.parse(line || '{}'));
      if (error !== undefined) throw new Error(error);
    }
  } catch (cause) {
    if (stalled.signal.aborted) {
      const seconds = PULL_STALL_MS / 1000;
      throw new FleetError('engine-timeout', `pulling ${reference} made no progress for ${seconds} s`, {
        cause,
      });
    }
    throw new FleetError('image-missing', `${reference} could not be pulled: ${reasonOf(cause)}`, {
      cause,
      remedy: `try by hand: docker pull ${reference}`,
    });
  } finally {
    clearTimeout(watchdog);
  }
}
