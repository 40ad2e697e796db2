// A command in a container, by Docker's own exec: as the sandbox's user, with its environment, limits and rights.
import { type Duplex, type Readable, Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { newNonce } from '../../../shared/clock.ts';
import { FleetError } from '../../../shared/errors.ts';
import { FRAME, FrameReader, frameOf } from '../../../shared/protocol/exec.ts';
import { type Execution, type ExecutionSpec, piecesOf } from '../execution.ts';
import { callDocker, reasonOf, statusOf } from './connection.ts';

const DEADLINE_MS = 20_000;
/** Docker's frames are as long as what it read at one time, 32 KiB. */
const MAX_DOCKER_FRAME_BYTES = 1024 * 1024;
/** Docker notes the exit code a moment after the output has ended. */
const CODE_LOOKS = 20;
const CODE_LOOK_MS = 100;

/** In the environment of a command and of what it starts, so that all of them can be found: Docker itself ends no exec. */
const MARK = 'TMPFLEET_EXEC';

/** Ends the processes that carry the mark. Run in the sandbox, as its user. (The shell leaves out the zeros of environ.) */
const END = `
for signal in TERM KILL; do
  for process in /proc/[0-9]*; do
    case "$(cat "$process/environ" 2>/dev/null)" in *"$1"*) kill -$signal "\${process#/proc/}" ;; esac
  done
  [ $signal = KILL ] || sleep 1
done`;

/** @throws FleetError `not-found`, `conflict`, `bad-request` for a program that cannot be run, and as `callDocker` */
export async function executeInContainer(
  container: Dockerode.Container,
  { command, stdin }: Pick<ExecutionSpec, 'command' | 'stdin'>,
): Promise<Execution> {
  const mark = `${MARK}=${newNonce()}`;
  const { exec, stream } = await begin(container, { command, stdin, mark });
  const output = stream.pipe(ownFrames());
  stream.on('error', () => output.end());
  // A connection that breaks ends without an end.
  stream.once('close', () => output.end());
  return {
    input: stdin ? stream : undefined,
    output,
    exitCode: () => codeOf(exec),
    end: async () => {
      await runToEnd(container, ['/bin/sh', '-c', END, 'sh', mark]).catch(ignoreGone);
      stream.destroy();
    },
  };
}

interface Begun {
  readonly exec: Dockerode.Exec;
  readonly stream: Duplex;
}

async function begin(
  container: Dockerode.Container,
  { command, stdin, mark }: Pick<ExecutionSpec, 'command' | 'stdin'> & { readonly mark: string },
): Promise<Begun> {
  try {
    return await callDocker({ what: 'run a command', deadlineMs: DEADLINE_MS }, async (abortSignal) => {
      const exec = await container.exec({
        ...{ Cmd: [...command], Env: [mark], AttachStdin: stdin, AttachStdout: true, AttachStderr: true },
        abortSignal,
      });
      // Without the signal: it would end what is longer than the deadline.
      return { exec, stream: await exec.start({ hijack: stdin, stdin }) };
    });
  } catch (cause) {
    const status = statusOf(cause);
    if (status === undefined) throw cause;
    if (status === 404)
      throw new FleetError('not-found', 'the engine has no such sandbox any more', { cause });
    if (status === 409)
      throw new FleetError('conflict', `the sandbox does not run: ${reasonOf(cause)}`, { cause });
    throw new FleetError('bad-request', `the command cannot be run: ${reasonOf(cause)}`, { cause });
  }
}

/** Docker's frames as ours: of known kinds, and no longer than ours may be. */
function ownFrames(): Transform {
  const reader = new FrameReader(MAX_DOCKER_FRAME_BYTES);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        for (const { kind, content } of reader.add(chunk)) {
          const own = kind === FRAME.stderr ? FRAME.stderr : FRAME.stdout;
          for (const piece of piecesOf(content)) this.push(frameOf(own, piece));
        }
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}

async function codeOf(exec: Dockerode.Exec): Promise<number | undefined> {
  for (let look = 0; look < CODE_LOOKS; look += 1) {
    const { Running, ExitCode } = await callDocker(
      { what: 'inspect a command', deadlineMs: DEADLINE_MS },
      (abortSignal) => exec.inspect({ abortSignal }),
    ).catch(() => ({ Running: false, ExitCode: null }));
    if (!Running) return ExitCode ?? undefined;
    await delay(CODE_LOOK_MS);
  }
  return undefined;
}

async function runToEnd(container: Dockerode.Container, command: readonly string[]): Promise<void> {
  await callDocker({ what: 'end a command', deadlineMs: DEADLINE_MS }, async (abortSignal) => {
    const exec = await container.exec({ Cmd: [...command], AttachStdout: true, abortSignal });
    const stream: Readable = await exec.start({ abortSignal });
    stream.resume();
    await new Promise<void>((settle) => stream.once('close', settle).once('error', () => settle()));
  });
}

/** With its sandbox, the command is over too. */
function ignoreGone(error: unknown): void {
  const status = statusOf(error);
  if (status !== 404 && status !== 409) throw error;
}
