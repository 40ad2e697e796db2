// Asks Docker why a container stopped or does not answer: exit code, memory, and the end of its output.
import { once } from 'node:events';
import type Dockerode from 'dockerode';
import { type Diagnosis, OUTPUT_BYTES } from '../diagnosis.ts';
import { callDocker, statusOf } from './connection.ts';
import { LABELS } from './names.ts';
import { SHOW_OUTPUT } from './output.ts';

const DEADLINE_MS = 10_000;
/** Lines of the log to read; Docker's limit on a container's log bounds their total length. */
const TAIL_LINES = 10;
/** A running sandbox is asked for `OUTPUT_BYTES`; frames come on top. */
const MAX_PRINTED_BYTES = 16 * OUTPUT_BYTES;
/** Header of each part of a log without a terminal: the stream's number, three zeros, the length as 32 bits. */
const FRAME_HEADER_BYTES = 8;

/** @throws FleetError `engine-timeout`, `engine-unavailable` */
export async function diagnoseContainer(container: Dockerode.Container): Promise<Diagnosis | undefined> {
  try {
    const { State, Config } = await callDocker(
      { what: 'inspect a container', deadlineMs: DEADLINE_MS },
      (abortSignal) => container.inspect({ abortSignal }),
    );
    const printed = State.Running ? await readRunning(container) : await readLog(container);
    const output = joinFrames(printed).subarray(-OUTPUT_BYTES).toString('utf8');
    const remark = remarkOnUser(Config.Labels[LABELS.uid], output);
    return {
      running: State.Running,
      exitCode: State.Running ? undefined : State.ExitCode,
      outOfMemory: State.OOMKilled,
      output,
      ...(remark === undefined ? {} : { remark }),
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

const TROUBLE_WITH_USER =
  /permission denied|not permitted|EACCES|EPERM|getpw[un]|uid not found|(no such|unknown) user|name for user/i;

function remarkOnUser(ownId: string | undefined, output: string): string | undefined {
  if (ownId === undefined || !TROUBLE_WITH_USER.test(output)) return undefined;
  return `it ran as user ${ownId} of --uid-range, which this image may not support: try --uid-range off`;
}

function readLog(container: Dockerode.Container): Promise<Buffer> {
  return callDocker({ what: 'read the log of a container', deadlineMs: DEADLINE_MS }, (abortSignal) =>
    container.logs({ stdout: true, stderr: true, follow: false, tail: TAIL_LINES, abortSignal }),
  );
}

/** The log has a container's output only once it has ended. */
function readRunning(container: Dockerode.Container): Promise<Buffer> {
  return callDocker(
    { what: 'read the output of a container', deadlineMs: DEADLINE_MS },
    async (abortSignal) => {
      const Cmd = ['/bin/sh', '-c', SHOW_OUTPUT];
      const shown = await container.exec({ Cmd, AttachStdout: true, AttachStderr: true, abortSignal });
      const stream = await shown.start({ abortSignal });
      const chunks: Buffer[] = [];
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        // Its shell may be the sandbox's own work, and then print without end.
        if (bytes > MAX_PRINTED_BYTES) stream.destroy();
        else chunks.push(chunk);
      });
      await once(stream, 'close', { signal: abortSignal });
      return Buffer.concat(chunks);
    },
  );
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
