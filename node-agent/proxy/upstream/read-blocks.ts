// Memory for what comes from sandboxes. Node would take 64 KiB for each read, and under large bodies a fifth of the time went into
// collecting them. Small messages are read into one piece of memory that all connections share; long bodies into blocks, which
// are used again when a reader's socket has taken what is in them.

/** As much as Node reads at a time, bytes. */
const SHARED_BYTES = 64 * 1024;
/** Twice that costs a sixth less of a body of 1 MiB; a reader who is slow holds two of them. */
const BLOCK_BYTES = 128 * 1024;
/** Blocks that are kept for later: 4 MiB. */
const MAX_FREE = 32;

/** What is in it must be used or copied before anything else is read. */
const SHARED = Buffer.allocUnsafeSlow(SHARED_BYTES);

const free: ReadBlock[] = [];

/** Bytes that stay as they are until they are released. */
export interface Retained {
  readonly bytes: Buffer;
  /** To be called once. */
  readonly release: () => void;
}

export class ReadBlock {
  readonly bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #holders = 0;

  /** One that the caller holds, and nobody else. */
  static take(): ReadBlock {
    const block = free.pop() ?? new ReadBlock();
    block.#holders = 1;
    return block;
  }

  /** @param bytes at most `BLOCK_BYTES` */
  static copyOf(bytes: Buffer): Retained {
    const block = ReadBlock.take();
    bytes.copy(block.bytes);
    return { bytes: block.bytes.subarray(0, bytes.length), release: block.release };
  }

  get isShared(): boolean {
    return this.#holders > 1;
  }

  /** @param part of this block */
  retain(part: Buffer): Retained {
    this.#holders += 1;
    return { bytes: part, release: this.release };
  }

  /** One holder less; the last one gives the block back. */
  readonly release = (): void => {
    this.#holders -= 1;
    if (this.#holders === 0 && free.length < MAX_FREE) free.push(this);
  };
}

/** What one connection reads into. */
export class ReadMemory {
  #block: ReadBlock | undefined;

  /**
   * Where the next bytes are to be read to.
   * @param isLong whether many are likely to come
   */
  next(isLong: boolean): Buffer {
    if (!isLong) {
      this.#block?.release();
      this.#block = undefined;
      return SHARED;
    }
    if (this.#block?.isShared !== false) {
      this.#block?.release();
      this.#block = ReadBlock.take();
    }
    return this.#block.bytes;
  }

  /** The first `count` bytes of what `next` gave last. */
  read(count: number): Buffer {
    return (this.#block?.bytes ?? SHARED).subarray(0, count);
  }

  /** Keeps a part of what was read last. */
  retain(part: Buffer): Retained {
    return this.#block?.retain(part) ?? ReadBlock.copyOf(part);
  }
}
