// A reader of server-sent events, as a browser is one: names and data, in their order, while the stream is open.
import { request } from 'undici';
import { dispatcherFor } from '../../shared/reader/localhost.ts';
import { until } from './until.ts';

export interface StreamedEvent {
  readonly name: string;
  readonly data: unknown;
}

export class EventStream {
  readonly status: number;
  readonly contentType: string;
  readonly events: StreamedEvent[] = [];
  /** Whether the other side has ended it. */
  isOver = false;
  readonly #stop: AbortController;

  private constructor(status: number, contentType: string, stop: AbortController) {
    this.status = status;
    this.contentType = contentType;
    this.#stop = stop;
  }

  /** Any other answer than a stream is read to its end. */
  static async open(url: string, headers: Readonly<Record<string, string>>): Promise<EventStream> {
    const stop = new AbortController();
    const options = { headers: { ...headers, accept: 'text/event-stream' }, signal: stop.signal };
    const answer = await request(url, { ...options, ...dispatcherFor(url), bodyTimeout: 0 });
    const stream = new EventStream(answer.statusCode, String(answer.headers['content-type']), stop);
    void stream.#read(answer.body);
    return stream;
  }

  /** The first event of that name. */
  async has(name: string, ms?: number): Promise<unknown> {
    const event = await until(
      `the event ${name} comes`,
      () => this.events.find((each) => each.name === name),
      ms,
    );
    return event.data;
  }

  count(name: string): number {
    return this.events.filter((event) => event.name === name).length;
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(body: AsyncIterable<Buffer>): Promise<void> {
    let text = '';
    try {
      for await (const chunk of body) {
        text += String(chunk);
        const whole = text.split('\n\n');
        text = whole.pop() ?? '';
        for (const event of whole) {
          const [, name = '', data = 'null'] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
          this.events.push({ name, data: JSON.parse(data) });
        }
      }
    } catch {
      // Broken off, by either side.
    }
    this.isOver = true;
  }
}
