// Connects the page to the event stream, shows the connection's state, and reconnects when it breaks.
import type { FleetEvent } from '../../../shared/api/event.ts';
import type { HistoryJson } from '../../../shared/api/history.ts';
import { ApiError, callApi } from './api.ts';
import { byId, mark, say } from './dom.ts';
import { readEvents, SILENCE_MS } from './stream.ts';

export interface FleetListener {
  history(answer: HistoryJson): void;
  update(update: FleetEvent): void;
  /** The token is missing or not taken; `connect` is to be called when there is another. */
  tokenWanted(): void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** A hidden tab disconnects after this time: a browser opens at most six connections to us for all its tabs. ms */
const REST_MS = 60_000;

export class FleetConnection {
  readonly #listener: FleetListener;
  readonly #sign = byId('connection', HTMLElement);
  #pause = FIRST_PAUSE_MS;
  #timer: number | undefined;
  #stop: AbortController | undefined;
  #rest: number | undefined;
  #isResting = false;

  constructor(listener: FleetListener) {
    this.#listener = listener;
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => {
      clearTimeout(this.#rest);
      if (document.visibilityState === 'visible') this.#hurry();
      else this.#rest = setTimeout(() => this.#letGo(), REST_MS);
    });
  }

  /** Ends the connection there is, and begins another. */
  async connect(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isResting = false;
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    const watchdog = setTimeout(() => stop.abort(), SILENCE_MS);
    try {
      const events = await callApi('api/events', { signal: stop.signal });
      const history = await callApi('api/history', { signal: stop.signal });
      this.#listener.history((await history.json()) as HistoryJson);
      clearTimeout(watchdog);
      await readEvents(events, stop, (data) => this.#heard(data));
    } catch (error) {
      clearTimeout(watchdog);
      if (this.#stop !== stop) return;
      if (error instanceof ApiError && error.status === 401) {
        this.#stop = undefined;
        this.#show('locked', 'asks for its token');
        this.#listener.tokenWanted();
        return;
      }
      if (error instanceof ApiError) {
        this.#tryLater(error.message);
        return;
      }
    }
    if (this.#stop === stop) this.#tryLater('connection lost');
  }

  #heard(data: string): void {
    this.#pause = FIRST_PAUSE_MS;
    this.#show('live', 'live');
    this.#listener.update(JSON.parse(data) as FleetEvent);
  }

  #tryLater(why: string): void {
    this.#show('lost', `${why}; numbers are old, trying again`);
    this.#timer = setTimeout(() => void this.connect(), this.#pause);
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
  }

  /** Reconnects at once: the tab is visible again, or the network is back. */
  #hurry(): void {
    if (this.#timer !== undefined || this.#isResting) void this.connect();
  }

  #letGo(): void {
    // While it asks for a token there is nothing to let go of, and nothing to come back to.
    if (this.#stop === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stop.abort();
    this.#stop = undefined;
    this.#isResting = true;
    this.#show('resting', 'paused while this tab is hidden');
  }

  #show(state: string, text: string): void {
    mark(this.#sign, 'data-state', state);
    mark(document.body, 'data-connection', state);
    say(this.#sign, text);
  }
}
