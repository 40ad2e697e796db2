// The companion's way to its node: one stream of events for all tabs of a sandbox, where the browser can share it. Browsers open
// six connections to a host over HTTP/1.1, which Jupyter needs itself: so one tab holds a lock (Web Locks) and the stream, and
// passes on what it hears (BroadcastChannel). The next tab in line takes over when that one closes.

type OpeningJson = import('../messages.ts').OpeningJson;

interface Listener {
  readonly told: (state: Partial<OpeningJson> & StateJson, ageMs: number) => void;
  /** @param reason empty where the node does not know it any more */
  readonly ended: (reason: string) => void;
}

interface Passed {
  readonly asks?: true;
  readonly state?: OpeningJson;
  /** When it was true, ms since 1970 by the clock that all tabs share. */
  readonly at?: number;
  readonly ended?: string;
}

/** Longest wait for the tab that has the stream. */
const PATIENCE_MS = 2_000;
/** The node speaks every 20 s. */
const SILENCE_MS = 50_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const GONE = ['sandbox-gone', 'sandbox-stopped'];

class Link {
  readonly #base: string;
  readonly #listener: Listener;
  #channel: BroadcastChannel | undefined;
  #stream: EventSource | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #last: { readonly state: OpeningJson; readonly at: number } | undefined;
  #wait = FIRST_WAIT_MS;
  #isOver = false;

  constructor(base: string, listener: Listener) {
    this.#base = `${base}.tmpfleet/`;
    this.#listener = listener;
    // The page's policy allows no connections: to try on would only fill its log.
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
      if (effectiveDirective === 'connect-src' && blockedURI.includes(this.#base)) this.#close();
    });
    if (typeof BroadcastChannel === 'undefined' || navigator.locks === undefined) {
      this.#connect();
      return;
    }
    const name = `tmpfleet:${base}`;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Passed>) => this.#hear(data);
    const hold = (): Promise<void> => {
      this.#connect();
      return new Promise(() => undefined);
    };
    navigator.locks.request(name, hold).catch(() => this.#connect());
    this.#pass({ asks: true });
    setTimeout(() => this.#last === undefined && void this.look(), PATIENCE_MS);
  }

  /** Asks the node once. A tab that was asleep knows old news. @returns whether it answered */
  async look(): Promise<boolean> {
    if (this.#isOver) return false;
    try {
      await this.#read(await fetch(`${this.#base}state`, { cache: 'no-store' }));
      return true;
    } catch {
      // No answer, or that of a server in front of the node: the stream tries on.
      return false;
    }
  }

  /** @param agoMs when the reader was last at work here @returns whether the node knows */
  async stay(agoMs: number): Promise<boolean> {
    return this.#post('stay', { ago_ms: Math.round(agoMs) });
  }

  async end(): Promise<boolean> {
    return this.#post('end', {});
  }

  async #post(name: string, body: object): Promise<boolean> {
    try {
      const answer = await fetch(`${this.#base}${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (name === 'end') return answer.ok;
      await this.#read(answer);
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** @throws TypeError when the answer breaks off or is not the node's */
  async #read(answer: Response): Promise<void> {
    const ended = answer.headers.get('tmpfleet-ended');
    const body = await answer.json();
    if (answer.ok) this.#tell({ state: body, at: Date.now() });
    else if (ended !== null || GONE.includes(body.code)) this.#end(ended ?? '');
    // Not this browser's sandbox, or not any more.
    else if (answer.status === 403) this.#close();
  }

  #connect(): void {
    if (this.#isOver || this.#stream !== undefined) return;
    const stream = new EventSource(`${this.#base}events`);
    this.#stream = stream;
    const lose = (): void => {
      if (this.#stream !== stream) return;
      stream.close();
      this.#stream = undefined;
      clearTimeout(this.#silence);
      // At once: an end must be told. Then in steps: a node that restarts must not be asked by all tabs at one time.
      void this.look();
      setTimeout(() => this.#connect(), this.#wait * (0.5 + Math.random()));
      this.#wait = Math.min(LONGEST_WAIT_MS, this.#wait * 2);
    };
    const listen = (): void => {
      clearTimeout(this.#silence);
      this.#silence = setTimeout(lose, SILENCE_MS);
    };
    stream.onerror = lose;
    stream.addEventListener('beat', listen);
    stream.addEventListener('state', ({ data }) => {
      listen();
      this.#wait = FIRST_WAIT_MS;
      this.#tell({ state: { ...this.#last?.state, ...JSON.parse(data) }, at: Date.now() });
    });
    stream.addEventListener('ended', ({ data }) => this.#end(String(JSON.parse(data).reason)));
    listen();
  }

  #tell(news: { readonly state: OpeningJson; readonly at: number }): void {
    this.#last = news;
    this.#listener.told(news.state, 0);
    this.#pass(news);
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#pass({ ended: reason });
    this.#close();
    this.#listener.ended(reason);
  }

  #close(): void {
    this.#isOver = true;
    this.#stream?.close();
    clearTimeout(this.#silence);
  }

  #pass(message: Passed): void {
    this.#channel?.postMessage(message);
  }

  /** From another tab. */
  #hear({ asks, state, at = 0, ended }: Passed): void {
    if (this.#isOver) return;
    if (asks === true && this.#stream !== undefined && this.#last !== undefined) this.#pass(this.#last);
    if (state !== undefined) {
      this.#last = { state, at };
      this.#listener.told(state, Math.max(0, Date.now() - at));
    }
    if (ended !== undefined) {
      this.#close();
      this.#listener.ended(ended);
    }
  }
}
