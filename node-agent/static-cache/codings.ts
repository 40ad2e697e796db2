// Compresses a file once for all readers, behind them: in a thread of Node's own, one file at a time.
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import compressible from 'compressible';
import pLimit from 'p-limit';

/** A smaller one fits into the packet of its headers. */
const LEAST_BYTES = 1024;
/** A coding that saves less is not kept. */
const MOST_OF_WHOLE = 0.9;
/** Of 1 to 11. A MiB of Jupyter's script takes a tenth of a second; 11 would take two seconds for a tenth less. */
const BROTLI_QUALITY = 9;

const toGzip = promisify(gzip);
const toBrotli = promisify(brotliCompress);

/** Whether a file is worth it, and may be: some answers must be sent as they are (RFC 9111 §5.2.2.6). */
export function isCompressible(bytes: number, type: string, cacheControl: string): boolean {
  return bytes >= LEAST_BYTES && compressible(type) === true && !/\bno-transform\b/i.test(cacheControl);
}

export class Compressor {
  readonly #limit = pLimit(1);
  #closed = false;

  /** Calls `done` for each coding that is worth it; gzip, which is quicker, comes first. */
  async compress(body: Buffer, done: (coding: 'gzip' | 'br', bytes: Buffer) => void): Promise<void> {
    const run = (coding: 'gzip' | 'br', make: () => Promise<Buffer>): Promise<void> =>
      this.#limit(async () => {
        if (this.#closed) return;
        const bytes = await make();
        if (bytes.length <= body.length * MOST_OF_WHOLE) done(coding, bytes);
      });
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
    };
    await Promise.all([run('gzip', () => toGzip(body)), run('br', () => toBrotli(body, { params }))]);
  }

  close(): void {
    this.#closed = true;
  }
}
