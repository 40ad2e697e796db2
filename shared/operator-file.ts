// Reads files that an operator names in an option. A wrong path may lead to a pipe, a device or a disk image: reading it would hold
// a program up for ever, or fill its memory. So only files are read, and only up to a limit.
import { closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';

/** More than any configuration, certificate or list of credentials has. */
const MAX_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** Should the path lead to a pipe by now, opening and reading it fail at once instead of waiting. */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;
/** The one device that is a usual way to say "an empty file". */
const NULL_DEVICE = '/dev/null';

/**
 * @param maxBytes the longest file that is accepted, bytes
 * @throws Error of the file system, or one that says that it is no file or too long, to be put behind the name of the file
 */
export function readOperatorFile(path: string, maxBytes = MAX_BYTES): Buffer {
  refuseOther(path, statSync(path));
  const file = openSync(path, READ_AT_ONCE);
  try {
    const chunks: Buffer[] = [];
    for (let length = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(file, chunk);
      if (read === 0) return Buffer.concat(chunks);
      length += read;
      refuseLong(length, maxBytes);
      chunks.push(chunk.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
}

/** As `readOperatorFile`, without holding the program up: the file may be on a slow disk. */
export async function readOperatorFileLater(path: string, maxBytes = MAX_BYTES): Promise<Buffer> {
  refuseOther(path, await stat(path));
  const file = await open(path, READ_AT_ONCE);
  try {
    const chunks: Buffer[] = [];
    for (let length = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES));
      if (bytesRead === 0) return Buffer.concat(chunks);
      length += bytesRead;
      refuseLong(length, maxBytes);
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

function refuseOther(path: string, stats: Stats): void {
  if (stats.isFile() || path === NULL_DEVICE) return;
  const what = stats.isDirectory()
    ? 'a directory'
    : stats.isFIFO()
      ? 'a pipe'
      : stats.isSocket()
        ? 'a socket'
        : 'a device';
  throw new Error(`it is ${what}, not a file`);
}

function refuseLong(length: number, maxBytes: number): void {
  if (length > maxBytes) throw new Error(`it is longer than ${maxBytes} bytes`);
}
