// `tmpfleet sandbox save`: writes the files of a sandbox to one archive here.
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { shortId } from '../../shared/clock.ts';
import { describeError, errorCode } from '../../shared/errors.ts';
import { SAVE_SIZE_HEADER, type SaveRequest, saveRequestSchema } from '../../shared/protocol/save.ts';
import type { Given } from '../control/verb.ts';
import { CommandError, EXIT } from '../terminal/exit.ts';

export const SAVE_HELP = `
The home of the sandbox, packed by the tar of its image. Without --all, only what was changed since it was claimed. What is
being written meanwhile is taken as it is then.
  tmpfleet sandbox save 3fa91c02
  tmpfleet sandbox save 3fa91c02 -o - --format tar.gz | tar tz
It is in the audit trail of the node (tmpfleet pool audit). Without a control token, only root and the user of the node-agent may
do this. A file that is there already is not replaced.`;

/** The node may let it wait for its turn, and tar looks at all files before it begins. ms */
const PATIENCE_MS = 600_000;
const TELL_EVERY_MS = 200;

/** @param find looks up the whole id that was meant */
export async function saveSandbox(
  { client, flags, print }: Given,
  find: () => Promise<string>,
): Promise<void> {
  const id = await find();
  const wish: SaveRequest = saveRequestSchema.parse({ format: flags.format, all: flags.all === true });
  const { format } = wish;
  const file = typeof flags.output === 'string' ? flags.output : `notebook-${shortId(id)}.${format}`;
  const toPipe = file === '-';
  if (!toPipe && (await isThere(file)))
    throw new CommandError(EXIT.failed, 'conflict', `${file} is there already`, {
      remedy: 'name another with -o',
    });
  const answer = await client.stream(`/api/sandboxes/${id}/save`, JSON.stringify(wish), PATIENCE_MS);
  const total = Number(answer.headers[SAVE_SIZE_HEADER] ?? Number.NaN);
  const progress = new Progress(Number.isFinite(total) ? total : undefined);
  const part = `${file}.part`;
  const to: Writable = toPipe ? process.stdout : createWriteStream(part, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(answer.body, progress, to, { end: !toPipe });
    if (!toPipe) await rename(part, file);
  } catch (cause) {
    progress.done();
    if (!toPipe && errorCode(cause) !== 'EEXIST') await rm(part, { force: true });
    if (errorCode(cause)?.startsWith('E') === true && errorCode(cause) !== 'ECONNRESET')
      throw new CommandError(EXIT.failed, 'unavailable', `${file}: ${describeError(cause)}`, { cause });
    throw new CommandError(
      EXIT.failed,
      'unavailable',
      'the node broke off: the sandbox ended, its files are more than a limit of the node, or its tar failed',
      { cause, remedy: "the node's log says which: tmpfleet node logs" },
    );
  }
  progress.done();
  if (toPipe) return;
  print(
    { id, file, format, bytes: progress.bytes, files_bytes: progress.total ?? null },
    () => `${file}: ${inUnits(progress.bytes)}`,
  );
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** Counts what goes through, and says it on a terminal. */
class Progress extends Transform {
  readonly total: number | undefined;
  bytes = 0;
  #toldAt = 0;

  constructor(total: number | undefined) {
    super();
    this.total = total;
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length;
    const now = performance.now();
    if (process.stderr.isTTY && now - this.#toldAt > TELL_EVERY_MS) {
      this.#toldAt = now;
      const of = this.total === undefined ? '' : ` (${inUnits(this.total)} before it is compressed)`;
      process.stderr.write(`\r${inUnits(this.bytes)}${of}\u001b[K`);
    }
    done(null, chunk);
  }

  done(): void {
    if (this.#toldAt > 0) process.stderr.write('\r\u001b[K');
  }
}

function inUnits(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
