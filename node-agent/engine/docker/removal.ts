// Removes a container, and waits until it is gone.
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import type { Clock } from '../../../shared/clock.ts';
import { FleetError } from '../../../shared/errors.ts';
import { callDocker, reasonOf, statusOf } from './connection.ts';

/** ms. A loaded Docker is slow to end a container. */
const REMOVE_MS = 60_000;
const INSPECT_MS = 15_000;
const POLL_MS = 100;

/** Forced, with its anonymous volumes. A missing container is success. @throws FleetError, or Docker's own error */
export async function removeContainer(docker: Dockerode, nameOrId: string, clock: Clock): Promise<void> {
  const container = docker.getContainer(nameOrId);
  try {
    await callDocker({ what: 'remove a container', deadlineMs: REMOVE_MS }, (abortSignal) =>
      container.remove({ force: true, v: true, abortSignal }),
    );
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 304) return;
    if (status !== 409 || !/already in progress/i.test(reasonOf(error))) throw error;
    await awaitGone(container, clock);
  }
}

/**
 * Another request is removing it: only its absence is a confirmation. (Polled, because Docker's own `wait` for a removal
 * never answers when the removal ends just before the wait begins; observed on 20.10.)
 */
async function awaitGone(container: Dockerode.Container, clock: Clock): Promise<void> {
  const begun = clock.monotonic();
  while (clock.monotonic() - begun < REMOVE_MS) {
    try {
      await callDocker({ what: 'inspect a container', deadlineMs: INSPECT_MS }, (abortSignal) =>
        container.inspect({ abortSignal }),
      );
    } catch (error) {
      if (statusOf(error) === 404) return;
      throw error;
    }
    await delay(POLL_MS);
  }
  throw new FleetError('engine-timeout', `Docker did not finish a removal within ${REMOVE_MS / 1000} s`);
}
