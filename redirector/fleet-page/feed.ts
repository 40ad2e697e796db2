// Server-sent events for many clients: each event is serialized once, and no client delays another. A client that does not
// read is skipped, gets the whole state when it reads again, and is disconnected when that takes too long.
import type { ServerResponse } from 'node:http';
import { FleetError } from '../../shared/errors.ts';

export interface FeedOptions {
  /** The whole state, for a new client or one that missed events. */
  readonly whole: () => object;
}

/** Turns without an event before a comment is sent, so that a dead connection is detected. */
const HEARTBEAT_TURNS = 5;
/** Turns without reading before a client is disconnected: its last event is kept in memory until then. */
const PATIENT_TURNS = 30;
/** Most clients at a time: each open tab costs a connection. */
const MOST = 256;

const HEARTBEAT = Buffer.from(': still here\n\n');

export const EVENT_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx would otherwise keep events back until it has a bufferful.
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
} as const;

class Watcher {
  readonly response: ServerResponse;
  isChoked = false;
  /** Turns it has been choked. */
  turns = 0;
  missed = false;

  constructor(response: ServerResponse) {
    this.response = response;
    response.on('drain', () => {
      this.isChoked = false;
      this.turns = 0;
    });
  }

  send(frame: Buffer): void {
    this.isChoked = !this.response.write(frame);
  }
}

export class Feed {
  readonly #whole: () => object;
  readonly #watchers = new Set<Watcher>();
  /** Put into words when first needed in a turn. */
  #wholeFrame: Buffer | undefined;
  #quiet = 0;

  constructor({ whole }: FeedOptions) {
    this.#whole = whole;
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Takes the response over. @throws FleetError `unavailable` */
  join(response: ServerResponse): void {
    if (this.size >= MOST) throw new FleetError('unavailable', `${MOST} pages are open already`);
    response.writeHead(200, EVENT_HEADERS);
    const watcher = new Watcher(response);
    this.#watchers.add(watcher);
    response.once('close', () => this.#watchers.delete(watcher));
    response.on('error', () => response.destroy());
    watcher.send(this.#frameOfAll());
  }

  /** To be called about once a second. @param news what changed, or undefined */
  turn(news: object | undefined): void {
    this.#wholeFrame = undefined;
    this.#quiet = news === undefined ? this.#quiet + 1 : 0;
    const frame = news === undefined ? undefined : frameOf(news);
    const beats = this.#quiet > 0 && this.#quiet % HEARTBEAT_TURNS === 0;
    for (const watcher of this.#watchers) this.#serve(watcher, frame ?? (beats ? HEARTBEAT : undefined));
  }

  close(): void {
    for (const { response } of this.#watchers) response.end();
  }

  #serve(watcher: Watcher, frame: Buffer | undefined): void {
    if (watcher.isChoked) {
      watcher.missed = true;
      watcher.turns += 1;
      if (watcher.turns >= PATIENT_TURNS) watcher.response.destroy();
      return;
    }
    if (watcher.missed) {
      watcher.missed = false;
      watcher.send(this.#frameOfAll());
    } else if (frame !== undefined) watcher.send(frame);
  }

  #frameOfAll(): Buffer {
    this.#wholeFrame ??= frameOf(this.#whole());
    return this.#wholeFrame;
  }
}

/** JSON has no line breaks, so one `data:` line holds it. */
function frameOf(event: object): Buffer {
  return Buffer.from(`event: fleet\ndata: ${JSON.stringify(event)}\n\n`);
}
