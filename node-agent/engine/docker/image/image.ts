// Looks up which image a reference means now.
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { FleetError } from '../../../../shared/errors.ts';
import { callDocker, statusOf } from '../connection.ts';

const INSPECT_MS = 10_000;

export interface ImageFacts {
  /** `sha256:…` */
  readonly id: string;
  /** The user as the image states it; may be empty, a name or numbers. */
  readonly user: string;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  /** Paths that the image declares as volumes. */
  readonly volumes: readonly string[];
}

/** The reference with a tag; without one, Docker would pull every tag. */
export function withTag(reference: string): string {
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  return name.includes(':') || name.includes('@') ? reference : `${reference}:latest`;
}

/** @throws FleetError `image-missing` */
export async function inspectImage(docker: Dockerode, reference: string): Promise<ImageFacts> {
  try {
    const found = await callDocker({ what: 'inspect the image', deadlineMs: INSPECT_MS }, () =>
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
