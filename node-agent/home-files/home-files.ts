// Hands out the home of a sandbox as one file: to its reader, who asks below the sandbox's own address, and to operators. It goes
// through this node as it comes, so that a reader who is slow stops tar in the sandbox, and one who leaves ends it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { shortId } from '../../shared/clock.ts';
import { spellDuration } from '../../shared/config/units.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { answerError } from '../../shared/http/answer.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import type { Logger } from '../../shared/logging.ts';
import {
  SAVE_FORMATS,
  SAVE_SIZE_HEADER,
  type SaveFormat,
  type SaveRequest,
} from '../../shared/protocol/save.ts';
import type { ExecutingEngine } from '../engine/engine.ts';
import type { SteadyClock } from '../sandboxes/steady-clock.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';
import { archiveOf, TYPES } from './archives.ts';
import { type HomeTar, openHomeTar } from './home-tar.ts';
import { readTar, type TarEntry, TarFault } from './read-tar.ts';
import { Turns } from './turns.ts';

export interface HomeFilesOptions {
  readonly config: {
    readonly saveSizeBytes: number;
    readonly saveFiles: number;
    readonly saveTimeoutMs: number;
    readonly concurrentSaves: number;
    readonly openUrls: boolean;
  };
  readonly engine: Pick<ExecutingEngine, 'execute'>;
  readonly table: Pick<SandboxTable, 'get'>;
  readonly time: SteadyClock;
  /** Thaws a sandbox, and keeps it so until what this resolves to is called. */
  readonly hold: (id: string) => Promise<() => void>;
  /** The client of a request; undefined for one to whom no limit applies. */
  readonly clientOf: (request: IncomingMessage) => string | undefined;
  readonly logger: Logger;
}

/** How each save ended. */
export type SaveOutcome = 'whole' | 'left' | 'refused' | 'broken';

/** The kernel notes times by a clock that lags a few milliseconds behind. */
const MARGIN_MS = 1_000;

export class HomeFiles {
  readonly outcomes: Record<SaveOutcome, number> = { whole: 0, left: 0, refused: 0, broken: 0 };
  readonly #options: HomeFilesOptions;
  readonly #turns: Turns;

  constructor(options: HomeFilesOptions) {
    this.#options = options;
    this.#turns = new Turns(options.config.concurrentSaves);
  }

  /**
   * Answers `files.zip` and `files.tar.gz` to somebody whom the sandbox's key admits; false for other names.
   * @param name what follows `.tmpfleet/`
   */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    { id, name }: { readonly id: string; readonly name: string },
  ): boolean {
    const format = SAVE_FORMATS.find((each) => name === `files.${each}`);
    const sandbox = this.#options.table.get(id);
    if (format === undefined || sandbox === undefined) return false;
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET');
      response.setHeader('connection', 'close');
      answerError(response, 'method-not-allowed', 'only GET is answered here');
    } else if (isFromElsewhere(request)) {
      answerError(response, 'forbidden', 'a page of another site may not ask for the files of a sandbox');
    } else {
      const { query } = splitRequestTarget(request.url ?? '');
      const all = new URLSearchParams(query).get('all') === '1';
      const client = this.#options.clientOf(request);
      void this.save(sandbox, response, { format, all }, client).catch((error: unknown) => {
        if (error instanceof FleetError && error.retryAfterMs !== undefined)
          response.setHeader('retry-after', String(Math.ceil(error.retryAfterMs / 1_000)));
        const { code, message } = shown(error);
        answerError(response, code, message);
      });
    }
    return true;
  }

  /**
   * Sends the archive, and resolves when that is over. What goes wrong after it has begun breaks the answer off.
   * @param client of whom no more than a part is sent at a time; undefined for operators
   * @throws FleetError before anything is sent: `cannot-save`, `unavailable`, and as `execute`
   */
  async save(sandbox: Sandbox, response: ServerResponse, wish: SaveRequest, client?: string): Promise<void> {
    const { id } = sandbox;
    const { logger } = this.#options;
    const began = performance.now();
    let outcome: SaveOutcome = 'refused';
    try {
      outcome = await this.#turns.take(id, client, () => this.#send(sandbox, response, wish));
    } finally {
      this.outcomes[outcome] += 1;
      const ms = Math.round(performance.now() - began);
      logger.info(
        { sandbox: shortId(id), outcome, format: wish.format, ms },
        'files of a sandbox were asked for',
      );
    }
  }

  async #send(
    sandbox: Sandbox,
    response: ServerResponse,
    { format, all }: SaveRequest,
  ): Promise<SaveOutcome> {
    const { config, engine, hold, logger } = this.#options;
    const { id, token } = sandbox;
    const about = { sandbox: shortId(id) };
    if (response.destroyed) return 'left';
    const since = all ? undefined : this.#givenAt(sandbox);
    const stop = new AbortController();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      stop.abort();
    }, config.saveTimeoutMs);
    const leave = (): void => stop.abort();
    response.once('close', leave);
    const letGo = await hold(id);
    try {
      const tar = await openHomeTar(engine, {
        ...{ id, token, since, signal: stop.signal },
        onFault: (error) =>
          logger.warn({ ...about, error: describeError(error) }, 'tar in a sandbox could not be ended'),
      });
      const entries = await this.#begin(tar, since);
      const size = tar.bytes === undefined ? {} : { [SAVE_SIZE_HEADER]: String(tar.bytes) };
      response.writeHead(200, { ...headersOf(format, id), ...size });
      await pipeline(archiveOf(format, entries), response);
      response.off('close', leave);
      // The reader has all: they need not wait, and may ask again.
      void tar.finish();
      return 'whole';
    } catch (error) {
      stop.abort();
      const hasLeft = response.destroyed && !isLate && !(error instanceof TarFault && response.headersSent);
      if (hasLeft) return 'left';
      const reason = isLate ? this.#tooLate(error) : this.#reason(error);
      if (!response.headersSent) throw reason;
      logger.warn(
        { ...about, error: describeError(reason) },
        'the files of a sandbox could not be sent to their end',
      );
      response.destroy();
      return 'broken';
    } finally {
      letGo();
      clearTimeout(timer);
      response.off('close', leave);
    }
  }

  /** Waits for the first entry, so that what cannot be saved is refused with its reason. */
  async #begin(tar: HomeTar, since: number | undefined): Promise<AsyncGenerator<TarEntry>> {
    const { saveSizeBytes, saveFiles } = this.#options.config;
    if (tar.bytes !== undefined && tar.bytes > saveSizeBytes) throw new TarFault('too-long', '');
    const read = readTar(tar.chunks, { bytes: saveSizeBytes, files: saveFiles });
    const entries = worthKeeping(read, since);
    const first = await entries.next();
    return (async function* () {
      if (first.done === true) return;
      yield first.value;
      yield* entries;
    })();
  }

  /**
   * What changed before is the image's, or the work of its start: the sandbox was nobody's then. Of both ways to read that
   * time the earlier one, should the clock have been set since.
   */
  #givenAt({ claimedAt }: Sandbox): number | undefined {
    if (claimedAt === undefined) return undefined;
    return Math.min(claimedAt, this.#options.time.toWall(claimedAt)) - MARGIN_MS;
  }

  #tooLate(cause: unknown): FleetError {
    const { saveTimeoutMs } = this.#options.config;
    const time = spellDuration(saveTimeoutMs);
    return new FleetError('cannot-save', `it took more than ${time} (--save-timeout)`, { cause });
  }

  #reason(error: unknown): unknown {
    if (!(error instanceof TarFault)) return error;
    const { saveSizeBytes, saveFiles } = this.#options.config;
    const why: Readonly<Record<TarFault['kind'], string>> = {
      'too-long': `the files are more than ${saveSizeBytes} bytes (--save-size)`,
      'too-many': `there are more than ${saveFiles} files (--save-files)`,
      cut: 'tar in the sandbox did not come to its end',
      untrue: `tar in the sandbox gave no archive that could be read: ${error.message}`,
    };
    return new FleetError('cannot-save', why[error.kind], { cause: error });
  }
}

/** Without directories that nobody has changed, and without what would be written through a link when it is unpacked. */
async function* worthKeeping(
  entries: AsyncIterable<TarEntry>,
  since = Number.NEGATIVE_INFINITY,
): AsyncGenerator<TarEntry, void, undefined> {
  const links = new Set<string>();
  for await (const entry of entries) {
    const { type, path, mtime } = entry;
    if (type === 'directory' && mtime + MARGIN_MS < since) continue;
    if (links.size > 0 && leadsThrough(path, links)) continue;
    if (type === 'symlink') links.add(path);
    yield entry;
  }
}

function leadsThrough(path: string, links: ReadonlySet<string>): boolean {
  if (links.has(path)) return true;
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    if (links.has(path.slice(0, end))) return true;
  return false;
}

/** A link on another site would begin downloads, again and again; another sandbox is another site where it has its own name. */
function isFromElsewhere({ headers }: IncomingMessage): boolean {
  const { 'sec-fetch-site': site, authorization } = headers;
  return authorization === undefined && (site === 'cross-site' || site === 'same-site');
}

function headersOf(format: SaveFormat, id: string): Readonly<Record<string, string>> {
  return {
    'content-type': TYPES[format],
    'content-disposition': `attachment; filename="notebook-${shortId(id)}.${format}"`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-origin',
    // Otherwise nginx would write to its disk what its reader does not take in time.
    'x-accel-buffering': 'no',
  };
}

function shown(error: unknown): Pick<FleetError, 'code' | 'message'> {
  if (!(error instanceof FleetError)) return { code: 'internal', message: 'an unexpected fault' };
  return { code: error.code, message: error.expose ? error.message : 'the engine does not answer' };
}
