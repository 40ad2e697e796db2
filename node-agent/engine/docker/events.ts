// Reports containers that stop, from Docker's event stream. Events are hints: the next listing finds what they miss.
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { shortId } from '../../../shared/clock.ts';
import { describeError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logging.ts';
import { callDocker } from './connection.ts';
import { LABELS } from './names.ts';

export interface WatchOptions {
  readonly docker: Dockerode;
  readonly nodeId: string;
  readonly logger: Logger;
  readonly onExit: (id: string) => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const CONNECT_MS = 15_000;

const eventSchema = z.object({
  Action: z.string(),
  Actor: z.object({ Attributes: z.record(z.string(), z.string()) }),
});

/** Watches until the signal aborts, and reconnects whenever the stream ends. Resolves once the first stream is open. */
export async function watchExits(options: WatchOptions): Promise<void> {
  const first = await openStream(options);
  void follow(first, options);
}

async function follow(first: NodeJS.ReadableStream, options: WatchOptions): Promise<void> {
  const { signal, logger } = options;
  let stream: NodeJS.ReadableStream | undefined = first;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      stream ??= await openStream(options);
      pause = FIRST_PAUSE_MS;
      for await (const line of createInterface({ input: stream })) report(line, options);
      if (!signal.aborted) logger.info('Docker ended its event stream; reconnecting');
    } catch (error) {
      if (!signal.aborted) logger.warn({ error: describeError(error) }, "Docker's events cannot be read");
    }
    stream = undefined;
    await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
  }
}

async function openStream({ docker, nodeId, signal }: WatchOptions): Promise<NodeJS.ReadableStream> {
  const filters = {
    type: ['container'],
    event: ['die', 'oom', 'destroy'],
    label: [`${LABELS.node}=${nodeId}`],
  };
  const stream = await callDocker({ what: 'open its stream of events', deadlineMs: CONNECT_MS, signal }, () =>
    docker.getEvents({ filters: JSON.stringify(filters), abortSignal: signal }),
  );
  return stream;
}

function report(line: string, { logger, onExit }: WatchOptions): void {
  if (line === '') return;
  const event = eventSchema.parse(JSON.parse(line));
  const id = event.Actor.Attributes[LABELS.sandbox];
  if (id === undefined) return;
  // The kernel killed some process in the container, most likely a notebook kernel; the server may go on running.
  if (event.Action === 'oom') logger.info({ sandbox: shortId(id) }, 'a sandbox used up its memory');
  else onExit(id);
}
