// Pulls a newer image from its registry, and reports progress: it may be gigabytes.
import { createInterface } from 'node:readline';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { FleetError } from '../../../../shared/errors.ts';
import { reasonOf } from '../connection.ts';
import { type RegistryCredentials, registryOf } from './registry-auth.ts';

/** A pull may take long, but not this long without any progress. */
const PULL_STALL_MS = 180_000;
const TELL_MS = 5_000;

export interface Pull {
  readonly reference: string;
  /** Undefined for an image that needs none. */
  readonly credentials: RegistryCredentials | undefined;
  /** Aborts the pull. */
  readonly closing: AbortSignal;
  /** Called every few seconds: `120 of 340 MB`. */
  readonly onProgress: (progress: string) => void;
}

/**
 * Pulls the newest image. (The lines of Docker's response are read here, because dockerode's `followProgress` treats a
 * failed pull, which Docker reports as a line of a 200 response, as a success.)
 * @throws FleetError `image-missing` with the registry's reason, `engine-timeout` after a time without progress
 */
export async function pullImage(docker: Dockerode, pull: Pull): Promise<void> {
  const { reference, credentials, closing, onProgress } = pull;
  const stalled = new AbortController();
  const signal = AbortSignal.any([closing, stalled.signal]);
  const layers = new PullProgress();
  const teller = setInterval(() => onProgress(layers.describe()), TELL_MS);
  const watchdog = setTimeout(() => stalled.abort(), PULL_STALL_MS);
  try {
    const stream = await docker.pull(reference, { abortSignal: signal, authconfig: credentials });
    for await (const line of createInterface({ input: stream })) {
      watchdog.refresh();
      const { error } = layers.take(line);
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
      remedy: UNAUTHORIZED.test(reasonOf(cause))
        ? credentialsRemedy(reference, credentials)
        : `try by hand: docker pull ${reference}`,
    });
  } finally {
    clearTimeout(watchdog);
    clearInterval(teller);
  }
}

/** How registries refuse whom they do not know; some deny that the image exists. */
const UNAUTHORIZED = /unauthorized|no basic auth|authentication required|denied|forbidden/i;

function credentialsRemedy(reference: string, credentials: RegistryCredentials | undefined): string {
  const registry = registryOf(reference);
  return credentials === undefined
    ? `a private image needs credentials for ${registry}: give --registry-auth`
    : `${registry} refused the credentials in the file of --registry-auth; is the password right, and may they read this image?`;
}

/** A line of Docker's response: https://docs.docker.com/reference/api/engine/ (CreateImageInfo) */
const lineSchema = z.object({
  error: z.string().optional(),
  id: z.string().optional(),
  status: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
});

/** Adds up what Docker reports for each layer. */
export class PullProgress {
  readonly #layers = new Map<string, { readonly current: number; readonly total: number }>();

  take(line: string): z.infer<typeof lineSchema> {
    const parsed = lineSchema.parse(JSON.parse(line || '{}'));
    const { id, status, progressDetail } = parsed;
    // Extraction counts from 0 again; only the bytes of the download count here.
    if (id !== undefined && status === 'Downloading' && progressDetail?.total !== undefined) {
      this.#layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
    }
    const before = id === undefined ? undefined : this.#layers.get(id);
    if (id !== undefined && before !== undefined && status === 'Download complete') {
      this.#layers.set(id, { current: before.total, total: before.total });
    }
    return parsed;
  }

  /** Docker reports a layer's size only when its download begins, so the total may grow. */
  describe(): string {
    let current = 0;
    let total = 0;
    for (const layer of this.#layers.values()) {
      current += layer.current;
      total += layer.total;
    }
    return total === 0 ? 'waiting for the registry' : `${megabytes(current)} of ${megabytes(total)} MB`;
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}
