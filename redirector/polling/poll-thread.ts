// Polls in a thread of its own, so that connections, parsing and garbage collection do not delay readers. The main thread
// gets one JSON text for each valid report. poll-thread-worker.ts is the other side.
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FleetError } from '../../shared/errors.ts';
import type { NodeStats } from '../../shared/protocol/wire.ts';
import type { ConnectionLost, PollClient } from './http-poll.ts';

/** Passed to the thread when it starts. */
export interface ThreadSetup {
  /** ms */
  readonly pollTimeoutMs: number;
  /** Only this key of a report's `seen` is passed on: the one of this redirector's tickets. */
  readonly seenKey: string | undefined;
}

/** Polls requested since the last message: a number for each, the node's address, and the claim, if any. */
export type PollRequests = readonly (readonly [number, string, string | undefined])[];

export interface PollFailure {
  readonly message: string;
  /** Error code of the connection; null when the node answered with something that is not a report. */
  readonly code: string | undefined | null;
}

/** Results since the last message, by the numbers of `PollRequests`: the report as JSON, or why there is none. */
export type PollResponses = readonly (readonly [number, string | PollFailure])[];

/** What the thread says; `lost`: the origin of a node whose connection has ended. */
export type ThreadMessage = PollResponses | { readonly lost: string };

export interface ThreadEvents {
  /** The thread ended without `close`; every later poll fails. */
  readonly onEnd: (error: Error) => void;
  readonly onLost: ConnectionLost;
}

interface PendingPoll {
  readonly resolve: (stats: NodeStats) => void;
  readonly reject: (error: Error) => void;
}

const CHILD = fileURLToPath(new URL('./poll-thread-worker.js', import.meta.url));

export class ThreadPollClient implements PollClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingPoll>();
  #requests: PollRequests[number][] = [];
  #last = 0;
  #ended: Error | undefined;

  constructor(setup: ThreadSetup, { onEnd, onLost }: ThreadEvents) {
    this.#worker = new Worker(CHILD, { workerData: setup });
    this.#worker.on('message', (message: ThreadMessage) => {
      if ('lost' in message) onLost(message.lost);
      else this.#take(message);
    });
    const end = (error: Error): void => {
      if (this.#ended !== undefined) return;
      this.#end(error);
      onEnd(error);
    };
    this.#worker.once('error', end);
    this.#worker.once('exit', (code) => end(new Error(`it exited with ${code}`)));
  }

  poll(url: string, claim?: string): Promise<NodeStats> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#last += 1;
    const id = this.#last;
    // One message for all polls requested in one turn of the event loop.
    if (this.#requests.length === 0) setImmediate(() => this.#send());
    this.#requests.push([id, url, claim]);
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  async retire(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#ended === undefined) this.#end(new Error('polling has ended'));
    await this.#worker.terminate();
  }

  #send(): void {
    const requests: PollRequests = this.#requests;
    this.#requests = [];
    if (this.#ended === undefined) this.#worker.postMessage(requests);
  }

  #take(responses: PollResponses): void {
    for (const [id, answer] of responses) {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      // The worker has checked it against the schema and serialised it again.
      if (typeof answer === 'string') pending?.resolve(JSON.parse(answer) as NodeStats);
      else pending?.reject(errorOf(answer));
    }
  }

  #end(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function errorOf({ message, code }: PollFailure): Error {
  if (code === null) return new FleetError('bad-report', message);
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
