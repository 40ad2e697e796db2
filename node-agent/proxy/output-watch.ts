// Sees the first output of a kernel go by, on its WebSocket from sandbox to reader. Both forms of Jupyter's messages, the JSON text
// and the binary `v1.kernel.websocket.jupyter.org` (https://github.com/jupyter-server/jupyter_server/pull/657), have a message's type
// near their beginning, in JSON, before any content. Only that beginning is read, and nothing is changed. A compressed message is not
// seen; Jupyter compresses none unless it is configured to (`websocket_compression_options`).
import { OUTPUTS } from '../../shared/jupyter/messages.ts';
import type { FrameListener } from './frame-scanner.ts';

/** Of a message. Its header has names, a session and a date: a few hundred bytes. */
const MOST_READ = 2_048;
/** The first one is the message's own; that of what it answers comes later. */
const MESSAGE_TYPE = /"msg_type":\s{0,8}"(\w{1,64})"/;
/** First byte of a frame, RFC 6455 §5.2. */
const FINAL = 0x80;
const EXTENDED = 0x70;
const KIND = 0x0f;
const CONTINUATION = 0x0;
const FIRST_CONTROL = 0x8;

export interface OutputWatchOptions {
  /** Whether the output is still waited for. */
  readonly isAwaited: () => boolean;
  readonly seen: () => void;
}

/** Whether a WebSocket at this address is one of a kernel. */
export function isKernelChannel(target: string): boolean {
  return /^[^?]*\/api\/kernels\/[^/?]+\/channels(?:\?|$)/.test(target);
}

/** For one WebSocket; a listener of all its frames to the reader. */
export class OutputWatch implements FrameListener {
  readonly #options: OutputWatchOptions;
  /** The beginning of the present message. */
  #head = '';
  /** Whether the present message is yet to be judged. */
  #isOpen = false;
  #isControl = false;
  #isFinal = false;
  #isOver = false;

  constructor(options: OutputWatchOptions) {
    this.#options = options;
  }

  /** Nothing more has to be shown to it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  began(first: number): void {
    const kind = first & KIND;
    this.#isControl = kind >= FIRST_CONTROL;
    if (this.#isControl) return;
    this.#isFinal = (first & FINAL) !== 0;
    if (kind === CONTINUATION) return;
    this.#head = '';
    this.#isOpen = !this.#isOver && (first & EXTENDED) === 0;
  }

  payload(bytes: Uint8Array): void {
    if (this.#isControl || !this.#isOpen) return;
    const wanted = Math.min(bytes.length, MOST_READ - this.#head.length);
    this.#head += Buffer.from(bytes.buffer, bytes.byteOffset, wanted).toString('latin1');
    if (this.#head.length >= MOST_READ) this.#judge();
  }

  ended(): void {
    if (!this.#isControl && this.#isOpen && this.#isFinal) this.#judge();
  }

  #judge(): void {
    const [, type = ''] = MESSAGE_TYPE.exec(this.#head) ?? [];
    this.#head = '';
    this.#isOpen = false;
    this.#isOver = !this.#options.isAwaited();
    if (this.#isOver || !OUTPUTS.has(type)) return;
    this.#isOver = true;
    this.#options.seen();
  }
}
