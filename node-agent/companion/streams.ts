// The open event streams of all sandboxes (https://html.spec.whatwg.org/multipage/server-sent-events.html): how many, what they
// were told, and how they end. A stream costs its connection and a few bytes; what a peer does not read is not kept.
import type { ServerResponse } from 'node:http';
import type { Moments } from './moments.ts';

/** Tabs share a stream where the browser lets them; elsewhere each has one. */
export const MAX_STREAMS = 20;
/** Proxies keep a connection that speaks, and a peer that has gone is found. ms */
const BEAT_MS = 20_000;
/** A peer that leaves more than this unread is let go: it asks again, and hears everything. Bytes */
const MAX_UNREAD_BYTES = 16 * 1024;
const BEAT = 'event: beat\ndata: 1\n\n';

interface Watched {
  readonly responses: Set<ServerResponse>;
  told: Moments;
}

export class Streams {
  readonly #watched = new Map<string, Watched>();
  #beatAt = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** How many are open. */
  get count(): number {
    return this.#count;
  }

  /** Ids of the sandboxes that have a stream, with what they were told. */
  get told(): ReadonlyMap<string, { readonly told: Moments }> {
    return this.#watched;
  }

  hasRoom(id: string): boolean {
    return (this.#watched.get(id)?.responses.size ?? 0) < MAX_STREAMS;
  }

  /** Begins a stream with the event `state`. */
  open(id: string, response: ServerResponse, moments: Moments, state: object): void {
    const watched = this.#watched.get(id) ?? { responses: new Set(), told: moments };
    this.#watched.set(id, watched);
    watched.responses.add(response);
    this.#count += 1;
    response.once('close', () => {
      this.#count -= 1;
      watched.responses.delete(response);
      if (watched.responses.size === 0 && this.#watched.get(id) === watched) this.#watched.delete(id);
    });
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // nginx would collect the events.
      'x-accel-buffering': 'no',
    });
    send(response, event('state', state));
  }

  tell(id: string, moments: Moments, state: object): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    watched.told = moments;
    for (const response of watched.responses) send(response, event('state', state));
  }

  /** @param now of a monotonic clock, ms. To be called often; speaks only now and then */
  beat(now: number): void {
    if (now - this.#beatAt < BEAT_MS) return;
    this.#beatAt = now;
    for (const { responses } of this.#watched.values())
      for (const response of responses) send(response, BEAT);
  }

  /** Ends the streams of a sandbox with the event `ended`. */
  end(id: string, ended: object): void {
    const watched = this.#watched.get(id);
    this.#watched.delete(id);
    for (const response of watched?.responses ?? []) response.end(event('ended', ended));
  }

  /** Ends all without a word: their tabs connect again. */
  close(): void {
    for (const { responses } of this.#watched.values()) for (const response of responses) response.end();
    this.#watched.clear();
  }
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function send(response: ServerResponse, text: string): void {
  if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  else response.write(text);
}
