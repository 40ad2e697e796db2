// Tells real use of a WebSocket from its keep-alive: text, binary and continuation frames are use; ping, pong
// and close are not. Reads frame headers only (RFC 6455 §5.2), passes over payloads, keeps nothing of them.

/** At most 2 + 8 + 4 bytes: flags, the longest length, the mask's key. */
const LONGEST_HEADER = 14;

/** Is shown each frame, a part at a time. */
export interface FrameListener {
  /** @param first the frame's first byte */
  began(first: number): void;
  /** As it is sent; not to be kept. */
  payload(bytes: Uint8Array): void;
  ended(): void;
}

/** For one direction of one WebSocket: chunks must be given in order, and all of them. */
export class FrameScanner {
  /** The part of a frame's header that has arrived. */
  readonly #header = new Uint8Array(LONGEST_HEADER);
  #have = 0;
  /** Bytes of the present frame's payload still to come. */
  #left = 0;
  #inData = false;

  /** Whether a frame of ours may come next. */
  get isBetweenFrames(): boolean {
    return this.#left === 0 && this.#have === 0;
  }

  /** Whether any of `chunk` belongs to a data frame whose header is complete. @param listener the same one, or none any more */
  sawData(chunk: Uint8Array, listener?: FrameListener): boolean {
    let saw = false;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at);
        saw ||= this.#inData;
        listener?.payload(chunk.subarray(at, at + passed));
        this.#left -= passed;
        at += passed;
        if (this.#left === 0) listener?.ended();
        continue;
      }
      this.#header[this.#have] = chunk[at] ?? 0;
      this.#have += 1;
      at += 1;
      if (this.#have < 2 || this.#have < headerLength(this.#header[1] ?? 0)) continue;
      this.#inData = ((this.#header[0] ?? 0) & 0x0f) <= 2;
      this.#left = payloadLength(this.#header);
      this.#have = 0;
      saw ||= this.#inData;
      listener?.began(this.#header[0] ?? 0);
      if (this.#left === 0) listener?.ended();
    }
    return saw;
  }
}

/** @param second a frame's second byte: the mask bit and seven bits of length */
function headerLength(second: number): number {
  const length = second & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
}

function payloadLength(header: Uint8Array): number {
  const short = (header[1] ?? 0) & 0x7f;
  if (short < 126) return short;
  let length = 0;
  for (let index = 2; index < (short === 126 ? 4 : 10); index += 1)
    length = length * 256 + (header[index] ?? 0);
  return length;
}
