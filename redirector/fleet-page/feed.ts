// Server-sent events for many who look on: each event is put into words once, and nobody is waited for. Who does not
// read is passed over, told all when they read again, and let go when that takes too long.
import type { ServerResponse } from 'node:http';
import { FleetError } from '../../shared/errors.ts';

export interface FeedOptions {
  /** All there is to tell, for who comes or has missed something. */
  readonly whole: () => object;
}

/** A comment after so many turns without an event, so that a dead connection is found out. */
const HEARTBEAT_TURNS = 5;
/** One that has not read for so many turns is let go: what was sent last is still kept for it. */
const PATIENT_TURNS = 30;
/** Tabs that somebody left open; each costs a connection. */
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
