// Asks Docker why a container stopped: exit code, memory, and the end of its log.
import type Dockerode from 'dockerode';
import { type Diagnosis, OUTPUT_BYTES } from '../diagnosis.ts';
import { callDocker, statusOf } from './connection.ts';

const DEADLINE_MS = 10_000;
/** Lines of the log to read; Docker's limit on a container's log bounds their total length. */
const TAIL_LINES = 10;
/** Header of each part of a log without a terminal: the stream's number, three zeros, the length as 32 bits. */
const FRAME_HEADER_BYTES = 8;

/** @throws FleetError `engine-timeout`, `engine-unavailable` */
export async function diagnoseContainer(container: Dockerode.Container): Promise<Diagnosis | undefined> {
  try {
    const { State } = await callDocker(
      { what: 'inspect a container', deadlineMs: DEADLINE_MS },
      (abortSignal) => container.inspect({ abortSignal }),
    );
    const log = await callDocker(
      { what: 'read the log of a container', deadlineMs: DEADLINE_MS },
      (abortSignal) =>
        container.logs({ stdout: true, stderr: true, follow: false, tail: TAIL_LINES, abortSignal }),
    );
    return {
      running: State.Running,
      exitCode: State.Running ? undefined : State.ExitCode,
      outOfMemory: State.OOMKilled,
      output: joinFrames(log).subarray(-OUTPUT_BYTES).toString('utf8'),
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

function joinFrames(log: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + FRAME_HEADER_BYTES <= log.length; ) {
    const from = at + FRAME_HEADER_BYTES;
    at = from + log.readUInt32BE(at + 4);
    parts.push(log.subarray(from, at));
  }
  return Buffer.concat(parts);
}
