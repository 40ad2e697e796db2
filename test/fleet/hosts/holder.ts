// A reader who stays: holds a sandbox and a WebSocket that counts, and reconnects when it breaks.
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { type Landing, Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';

/** Silence after which the page reconnects (ms). */
const SILENT_MS = 3_000;
const AGAIN_MS = 100;
const HANDSHAKE_MS = 3_000;

const tickSchema = z.object({ run: z.string(), count: z.number() });

export class Holder {
  readonly reader = new Reader();
  readonly node: string;
  readonly sandbox: string;
  /** How often the page reconnected, and the longest time that it took (ms). */
  reconnects = 0;
  slowest = 0;
  /** Answers to a reconnect other than a connection. */
  refusals = 0;
  /** What must never happen: a count that goes back, another process behind the address. */
  readonly faults: string[] = [];
  readonly #url: string;
  readonly #own: Landing['own'];
  #socket: WebSocket | undefined;
  #silence: NodeJS.Timeout | undefined;
  #run: string | undefined;
  #count = -1;
  #ticks = 0;
  #lostAt: number | undefined;
  #left = false;

  private constructor(reader: Reader, node: string, sandbox: string, own: Landing['own']) {
    this.reader = reader;
    this.node = node;
    this.sandbox = sandbox;
    this.#own = own;
    this.#url = `${node.replace(/^http/, 'ws')}/user/${sandbox}/ws-age`;
    this.#connect();
  }

  /** Clicks at the front, and stays. */
  static async arrive(front: string): Promise<Holder> {
    const reader = new Reader();
    const { status, url, sandbox, own } = await reader.click(`${front}/tree`);
    if (status !== 200 || sandbox === undefined) throw new Error(`no sandbox: ${status} at ${url}`);
    return new Holder(reader, new URL(url).origin, sandbox, own);
  }

  get count(): number {
    return this.#count;
  }

  /** Waits until the count goes on, over a new connection if the last one is broken. */
  async counts(ms = 30_000): Promise<void> {
    const ticks = this.#ticks;
    await until(`the sandbox at ${this.#url} counts on`, () => this.#ticks > ticks, ms);
  }

  leave(): void {
    this.#left = true;
    clearTimeout(this.#silence);
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#left) return;
    const socket = new WebSocket(this.#url, { handshakeTimeout: HANDSHAKE_MS, headers: this.#own });
    this.#socket = socket;
    socket.on('message', (data) => this.#hear(tickSchema.parse(JSON.parse(String(data)))));
    socket.on('unexpected-response', () => {
      this.refusals += 1;
      socket.terminate();
    });
    socket.on('error', () => socket.terminate());
    socket.once('close', () => void this.#again());
  }

  async #again(): Promise<void> {
    clearTimeout(this.#silence);
    this.#lostAt ??= performance.now();
    await delay(AGAIN_MS);
    this.#connect();
  }

  #hear({ run, count }: z.infer<typeof tickSchema>): void {
    if (this.#run !== undefined && run !== this.#run) this.faults.push(`${this.sandbox} was replaced`);
    if (count < this.#count) this.faults.push(`${this.sandbox} went from ${this.#count} back to ${count}`);
    this.#run = run;
    this.#count = count;
    this.#ticks += 1;
    if (this.#lostAt !== undefined) {
      this.reconnects += 1;
      this.slowest = Math.max(this.slowest, performance.now() - this.#lostAt);
      this.#lostAt = undefined;
    }
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket?.terminate(), SILENT_MS);
  }
}
