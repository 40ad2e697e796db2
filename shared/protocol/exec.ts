// A command that an operator runs in a sandbox, at the node's control listener (`POST /api/sandboxes/<id>/exec`).
// The request's body is a line of JSON, and then what the command reads. The answer is a stream of frames, as those of
// Docker: a byte for the kind, three zeros, the length as 32 bits (big-endian), and so many bytes.
import { z } from 'zod';

const MAX_WORDS = 256;

/** The first line of the request. */
export const execRequestSchema = z.object({
  command: z
    .array(z.string().max(32_768))
    .min(1)
    .max(MAX_WORDS)
    .describe('a program and its arguments, which no shell looks at'),
  stdin: z
    .boolean()
    .default(false)
    .describe('whether the rest of the body goes to the command; otherwise it reads nothing'),
});
export type ExecRequest = z.infer<typeof execRequestSchema>;

export const FRAME = { stdout: 1, stderr: 2, end: 3 } as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];
export const FRAME_HEADER_BYTES = 8;
/** Longer ones are divided; a longer one is not read. */
export const MAX_FRAME_BYTES = 64 * 1024;

/** The content of the last frame. */
export const execEndSchema = z.object({
  exit_code: z
    .number()
    .int()
    .nullable()
    .describe('of the command; 128 and the number of a signal that ended it; null when it is not known'),
  problem: z.string().max(1_024).optional(),
});
export type ExecEnd = z.infer<typeof execEndSchema>;

export const EXEC_TYPE = 'application/vnd.tmpfleet.exec';

export function frameOf(kind: FrameKind, content: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt8(kind, 0);
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

export interface Frame {
  readonly kind: number;
  readonly content: Buffer;
}

/** Puts frames together from chunks, without keeping more than one frame and one chunk. */
export class FrameReader {
  readonly #most: number;
  #rest: Buffer = Buffer.alloc(0);

  /** @param most bytes of a frame */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns the frames that are complete @throws RangeError for a frame that is too long */
  add(chunk: Buffer): readonly Frame[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    while (rest.length >= FRAME_HEADER_BYTES) {
      const length = rest.readUInt32BE(4);
      if (length > this.#most) throw new RangeError(`a frame of ${length} bytes`);
      if (rest.length < FRAME_HEADER_BYTES + length) break;
      frames.push({
        kind: rest.readUInt8(0),
        content: rest.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length),
      });
      rest = rest.subarray(FRAME_HEADER_BYTES + length);
    }
    this.#rest = rest;
    return frames;
  }
}
