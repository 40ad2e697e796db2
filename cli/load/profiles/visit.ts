// One visit of one reader: the time that counts, the requests, and how it ends.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Random } from '../../../shared/clock.ts';
import { errorCode } from '../../../shared/errors.ts';
import { isInSandbox } from '../../../shared/reader/way.ts';
import type { ClientAnswer, ClientRequestOptions, ReaderClient } from '../client/reader-client.ts';
import type { Problem, Recorder } from '../measure/recorder.ts';

export interface VisitOptions {
  readonly client: ReaderClient;
  readonly recorder: Recorder;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
  /** When the reader was to click, on the monotonic clock: the first step, and all that is counted from the click, begin there. */
  readonly dueAt: number;
  /** Aborted when the run is over: who is still there leaves. */
  readonly leaving: AbortSignal;
}

/** The visit cannot go on: the fleet refused it, or something broke. */
export class VisitEnded extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.step}: ${problem.example}`);
    this.problem = problem;
  }
}

/** What says that there is no room, or that a client asks too often: a full fleet is no broken one. */
const REFUSALS: ReadonlySet<number> = new Set([429, 503]);

export class Visit {
  readonly client: ReaderClient;
  readonly random: Random;
  readonly leaving: AbortSignal;
  /** Host of the node that the reader is at, once that is known. */
  node = '';
  readonly #options: VisitOptions;
  #since: number;
  #settle = (): void => undefined;
  /** Resolves when the outcome is known; the reader may stay longer. */
  readonly settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });
  #hasEnded = false;
  #isCancelled = false;

  constructor(options: VisitOptions) {
    this.#options = options;
    this.client = options.client;
    this.random = options.random;
    this.leaving = options.leaving;
    this.#since = options.dueAt;
  }

  /** Records the time since the last step, and begins the next one. */
  lap(step: string, node = this.node): void {
    const now = this.#options.clock.monotonic();
    this.#options.recorder.time(step, now - this.#since, node);
    this.#since = now;
  }

  /** Records the time since the reader was to click. */
  total(step: string): void {
    const { recorder, clock, dueAt } = this.#options;
    recorder.time(step, clock.monotonic() - dueAt, this.node);
  }

  /** Records a step beside the visit's way. */
  took(step: string, ms: number): void {
    this.#options.recorder.time(step, ms, this.node);
  }

  /** Begins the next step now. */
  restart(): void {
    this.#since = this.#options.clock.monotonic();
  }

  /** ms since the reader was to click */
  get elapsedMs(): number {
    return this.#options.clock.monotonic() - this.#options.dueAt;
  }

  /** The visit has got what it came for. */
  served(): void {
    this.#end('served');
  }

  /** @param step in which it fails, if it does. @throws VisitEnded where there is no answer */
  async send(step: string, url: string, options: ClientRequestOptions): Promise<ClientAnswer> {
    const answer = await this.client
      .request(url, options)
      .catch((error: unknown) => this.fail(step, error, url));
    this.#options.recorder.serverTiming(answer.serverTiming);
    this.#options.recorder.bytes += answer.bytes;
    return answer;
  }

  status(step: string, status: number): void {
    this.#options.recorder.status(step, status);
  }

  /** Sends, and counts the status. @throws VisitEnded where there is no answer */
  async ask(step: string, url: string, options: ClientRequestOptions): Promise<ClientAnswer> {
    const answer = await this.send(step, url, options);
    this.status(step, answer.status);
    return answer;
  }

  /** As `ask`. @throws VisitEnded for an error status, too */
  async get(step: string, url: string, options: ClientRequestOptions): Promise<ClientAnswer> {
    const answer = await this.ask(step, url, options);
    if (answer.status >= 400) this.refuse(step, answer.status, url);
    return answer;
  }

  /** @throws VisitEnded */
  fail(step: string, error: unknown, what = ''): never {
    const code = errorCode(error) ?? 'error';
    const said = error instanceof Error ? error.message || code : String(error);
    // A node that does not answer a claim has not become the reader's own.
    if (step === 'claim' && URL.canParse(what)) this.node = new URL(what).host;
    throw this.#problem('failed', code, step, what === '' ? said : `${shown(what)}: ${said}`);
  }

  /** @param url that answered so. @throws VisitEnded */
  refuse(step: string, status: number, url: string): never {
    // A sandbox that is gone, or broken, has room for nobody either, but its reader had one.
    const outcome = REFUSALS.has(status) && !isInSandbox(url) ? 'refused' : 'failed';
    throw this.#problem(outcome, `http-${status}`, step, shown(`${url} answers ${status}`));
  }

  /** @throws VisitEnded `kind`: the reader gave up */
  giveUp(step: string, kind: string, example: string): never {
    throw this.#problem('refused', kind, step, example);
  }

  /** Counts what went wrong beside the visit's way, which goes on. */
  note(step: string, kind: string, example: string): void {
    this.#options.recorder.error(this.#problem('failed', kind, step, shown(example)).problem);
  }

  /** The visit is over. @param error why it did not get to its end, if it did not */
  close(error?: unknown): void {
    if (error !== undefined && !this.#isCancelled) {
      const { problem } = error instanceof VisitEnded ? error : this.#unforeseen(error);
      this.#options.recorder.error(problem);
      this.#end(problem.outcome);
    }
    this.#settle();
  }

  /** The run was interrupted: what fails from now on says nothing about the fleet. */
  cancel(): void {
    this.#isCancelled = true;
    this.client.leave();
  }

  /** For that time, or until the run is over, if that comes first. */
  async sleep(ms: number): Promise<void> {
    if (!this.leaving.aborted) await delay(ms, undefined, { signal: this.leaving }).catch(() => undefined);
  }

  /** Sleeps between two steps: belongs to none. @returns false when the run is over */
  async pause(ms: number): Promise<boolean> {
    await this.sleep(ms);
    this.restart();
    return !this.leaving.aborted;
  }

  #end(outcome: 'served' | 'refused' | 'failed'): void {
    // Who was served and fails later stays served; the error is counted.
    if (!this.#hasEnded) this.#options.recorder.end(outcome);
    this.#hasEnded = true;
    this.#settle();
  }

  #problem(outcome: Problem['outcome'], kind: string, step: string, example: string): VisitEnded {
    return new VisitEnded({ outcome, kind, step, node: this.node, example });
  }

  #unforeseen(error: unknown): VisitEnded {
    return this.#problem(
      'failed',
      'unforeseen',
      '',
      error instanceof Error ? (error.stack ?? '') : String(error),
    );
  }
}

/** Without what opens a sandbox: codes, tickets and keys are in queries and in the path of a hand-over. */
function shown(text: string): string {
  return text
    .replaceAll(/\?[^\s:]*/g, '')
    .replaceAll(/(\/(?:user|open)\/)([0-9a-z]{8})[0-9a-z]{8,}/g, '$1$2…');
}
