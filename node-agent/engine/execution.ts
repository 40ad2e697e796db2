// A command that runs in a sandbox beside its own: how an operator looks into one.
import { PassThrough, type Readable, Transform, type Writable } from 'node:stream';
import { FRAME, type FrameKind, frameOf, MAX_FRAME_BYTES } from '../../shared/protocol/exec.ts';

export interface ExecutionSpec {
  readonly id: string;
  /** Of the sandbox: in the environment of the command, as in that of the sandbox's own. */
  readonly token: string;
  /** A program and its arguments. */
  readonly command: readonly string[];
  /** Whether it reads what is written to `input`. */
  readonly stdin: boolean;
}

export interface Execution {
  /** Undefined where it reads nothing. */
  readonly input: Writable | undefined;
  /**
   * What it prints, as frames (shared/protocol/exec.ts). Little is kept: the command waits until its output is read.
   * Ends when nothing can print any more.
   */
  readonly output: Readable;
  /** The exit code, once the output has ended; undefined when it is not known. */
  exitCode(): Promise<number | undefined>;
  /** Ends it, with what it has started. Nothing happens when it has ended. */
  end(): Promise<void>;
}

/** Puts two streams into frames of one. A reader that is slow stops both. */
export function framesOf(stdout: Readable, stderr: Readable): Readable {
  const both = new PassThrough();
  let open = 2;
  for (const [stream, kind] of [
    [stdout, FRAME.stdout],
    [stderr, FRAME.stderr],
  ] as const) {
    stream
      .pipe(framing(kind))
      .once('end', () => {
        open -= 1;
        if (open === 0) both.end();
      })
      .pipe(both, { end: false });
  }
  return both;
}

function framing(kind: FrameKind): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const piece of piecesOf(chunk)) this.push(frameOf(kind, piece));
      done();
    },
  });
}

/** As long as a frame may be. */
export function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let from = 0; from < content.length; from += MAX_FRAME_BYTES)
    yield content.subarray(from, from + MAX_FRAME_BYTES);
}
