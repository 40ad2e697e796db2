// The home of a sandbox as a tar archive, as it comes out of it. It is packed inside, by the image's own tar: where a home is in
// memory, Docker cannot read it from outside. Nothing of what comes may be believed.
import { setTimeout as delay } from 'node:timers/promises';
import { FleetError } from '../../shared/errors.ts';
import { FRAME, FrameReader, MAX_FRAME_BYTES } from '../../shared/protocol/exec.ts';
import type { ExecutingEngine } from '../engine/engine.ts';
import type { Execution } from '../engine/execution.ts';

export interface HomeTar {
  /** Size of the archive, where tar could say it before: that of GNU. */
  readonly bytes: number | undefined;
  readonly chunks: AsyncIterable<Buffer>;
  /** To be asked behind the end of the archive: ends what still runs in the sandbox. */
  finish(): Promise<void>;
}

export interface HomeTarOptions {
  readonly id: string;
  readonly token: string;
  /** Only files that were written, or whose rights were changed, since then. ms since 1970 */
  readonly since: number | undefined;
  /** Ends tar, at any time; `chunks` then end early. */
  readonly signal: AbortSignal;
  /** Called when it could not be ended. */
  readonly onFault: (error: unknown) => void;
}

const NO_TAR = 127;
/** GNU's tar fills the archive up to 10 KiB. */
const MAX_PADDING = 64 * 1024;
/** How long tar may take to leave when all is said. ms */
const PATIENCE_MS = 1_000;

/**
 * GNU's tar can leave out what is older: by the time of the last change of a file's entry (ctime), which no program in the sandbox
 * can set back. Other kinds pack everything. Sizes are added up first, without reading any file. What is mounted below the home
 * is no part of it. The sum is a line ahead of the archive, because what comes on two streams has no order. GNU's tar fills up a
 * file that shrinks meanwhile, and cuts one that grows.
 */
const SCRIPT = `
cd -- "$HOME" || exit 1
command -v tar >/dev/null || exit ${NO_TAR}
LC_ALL=C
export LC_ALL
case "$(tar --version 2>/dev/null)" in
*GNU*)
  set -- --create --format=gnu --hard-dereference --one-file-system --ignore-failed-read \${1:+"--newer=@$1"} .
  said="$(tar --totals --file=/dev/null "$@" 2>&1)"
  said="\${said##*Total bytes written: }"
  echo "\${said%% *}"
  exec tar --file=- "$@" ;;
esac
echo
exec tar -cf - .`;

/** The first line: a number of bytes, or nothing. */
const TOTAL = /^\d{1,15}$/;
const MAX_LINE = 32;
/** Of what is printed on standard error. Bytes */
const MAX_SAID = 64 * 1024;

/**
 * Resolves with the first bytes of the archive, which are also part of `chunks`.
 * @throws FleetError `cannot-save`, and as `execute`
 */
export async function openHomeTar(
  engine: Pick<ExecutingEngine, 'execute'>,
  { id, token, since, signal, onFault }: HomeTarOptions,
): Promise<HomeTar> {
  const from = since === undefined ? '' : String(Math.floor(since / 1_000));
  const command = ['/bin/sh', '-c', SCRIPT, 'sh', from];
  const execution = await engine.execute({ id, token, command, stdin: false });
  const end = (): void => {
    execution.end().catch(onFault);
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  const said = { text: '' };
  const chunks = stdoutOf(execution, said);
  try {
    const { line, first } = await beginningOf(chunks);
    if (first.length === 0) throw whyNothing(await execution.exitCode(), said.text);
    return {
      bytes: TOTAL.test(line) ? Number(line) : undefined,
      chunks: (async function* () {
        yield first;
        yield* chunks;
      })(),
      finish: async () => {
        // To end what has ended would cost the sandbox one more process.
        const isQuiet = await Promise.race([
          isOver(chunks).catch(() => false),
          delay(PATIENCE_MS, false, { ref: false }),
        ]);
        signal.removeEventListener('abort', end);
        if (!isQuiet) end();
      },
    };
  } catch (error) {
    if (!signal.aborted) end();
    throw error;
  }
}

/** The line ahead of the archive, and what comes first behind it; nothing where nothing comes. */
async function beginningOf(
  chunks: AsyncGenerator<Buffer>,
): Promise<{ readonly line: string; readonly first: Buffer }> {
  let begun: Buffer = Buffer.alloc(0);
  for (;;) {
    const end = begun.subarray(0, MAX_LINE).indexOf('\n');
    if (end >= 0 && begun.length > end + 1)
      return { line: begun.toString('latin1', 0, end), first: begun.subarray(end + 1) };
    if (end < 0 && begun.length >= MAX_LINE) return { line: '', first: begun };
    const { done, value } = await chunks.next();
    if (done === true) return { line: '', first: Buffer.alloc(0) };
    begun = Buffer.concat([begun, value]);
  }
}

async function isOver(chunks: AsyncGenerator<Buffer>): Promise<boolean> {
  for (let left = MAX_PADDING; left >= 0; ) {
    const { done, value } = await chunks.next();
    if (done === true) return true;
    left -= value.length;
  }
  return false;
}

async function* stdoutOf(
  { output }: Execution,
  said: { text: string },
): AsyncGenerator<Buffer, void, undefined> {
  const reader = new FrameReader(MAX_FRAME_BYTES);
  for await (const chunk of output) {
    for (const { kind, content } of reader.add(chunk)) {
      if (kind === FRAME.stdout) yield content;
      else if (said.text.length < MAX_SAID) said.text += content.toString('utf8');
    }
  }
}

function whyNothing(code: number | undefined, said: string): FleetError {
  if (code === NO_TAR)
    return new FleetError('cannot-save', 'the image of this sandbox has no tar, which packs the files', {
      remedy: 'add tar to the image',
    });
  const [line = ''] = said.split('\n');
  // A sandbox says what it likes.
  const shown = line.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
  return new FleetError('cannot-save', `tar in this sandbox gave nothing${shown === '' ? '' : `: ${shown}`}`);
}
