// Reads the responses of one connection from its bytes, one after another: heads, bodies by their framing, and where each ends.
import { ChunkDecoder } from './chunks.ts';
import { malformed, UpstreamError } from './errors.ts';
import { type FramedHead, parseHead, type ResponseHead } from './head.ts';

/** Largest head of a response, bytes. */
export const MAX_HEAD_BYTES = 64 * 1024;
const HEAD_END = '\r\n\r\n';
/** A line break that is not `\r\n`, and control characters: with them a head never becomes whole, or means two things. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NO_HEAD = /[^\r]\n|[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;
const BEGINNING = 'HTTP/';

/** Called in this order: for each interim response `onHead`; then `onHead`, `onData` for each piece, `onEnd`. */
export interface ResponseSink {
  readonly onHead: (head: ResponseHead) => void;
  /** @param bytes valid until this returns, unless the piece is held: see `ReadBlock` */
  readonly onData: (bytes: Buffer) => void;
  readonly onEnd: () => void;
  /** The sandbox changed protocols. @param rest what came behind the head, valid until this returns */
  readonly onUpgrade: (head: ResponseHead, rest: Buffer) => void;
}

/** What is expected of the bytes that come next. `idle`: nothing, so that the first of them is a fault. */
type State = 'idle' | 'head' | 'length' | 'chunks' | 'closing' | 'tunnel';

export class ResponseReader {
  readonly #sink: ResponseSink;
  #state: State = 'idle';
  #method = '';
  #mayUpgrade = false;
  /** The beginning of a head that has not come whole. */
  #partial = '';
  /** Of a body with a length, bytes still to come. */
  #left = 0;
  #chunks: ChunkDecoder | undefined;
  /** How many bytes came at last. */
  #lastRead = 0;
  #head: FramedHead | undefined;
  #isExact = true;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** The next response is to this request. */
  begin(method: string, mayUpgrade: boolean): void {
    this.#state = 'head';
    this.#method = method;
    this.#mayUpgrade = mayUpgrade;
    this.#head = undefined;
  }

  /** Nothing of the response is wanted any more. */
  stop(): void {
    this.#state = 'idle';
    this.#head = undefined;
  }

  /** Whether a response is awaited of which no final head has come. */
  get awaitsHead(): boolean {
    return this.#state === 'head';
  }

  /** Whether that many bytes of a body, or more, are likely to come next. */
  expects(bytes: number): boolean {
    if (this.#state === 'length') return this.#left >= bytes;
    return (this.#state === 'chunks' || this.#state === 'closing') && this.#lastRead >= bytes;
  }

  /** For how long the connection may be used for another request, seconds; 0: not at all. */
  get reusableSeconds(): number {
    const head = this.#head;
    if (head === undefined || !head.keepsAlive || !this.#isExact) return 0;
    // Servers exist that send a body after HEAD, and by its framing a 205 may have one.
    return this.#method === 'HEAD' || head.status === 205 ? 0 : head.keepAliveSeconds;
  }

  /** @throws UpstreamError `UPSTREAM_MALFORMED`, after which nothing may be given any more */
  read(bytes: Buffer): void {
    let at = 0;
    this.#lastRead = bytes.length;
    while (this.#state === 'head' && at < bytes.length) at = this.#readHead(bytes, at);
    if (at < bytes.length) this.#readBody(bytes, at);
  }

  /** The sandbox ends the connection. Whether that was the proper end of a response, or none was awaited. */
  end(): boolean {
    if (this.#state !== 'closing') return this.#state === 'idle';
    this.#finish();
    return true;
  }

  /** @returns where in `bytes` it went on after the head */
  #readHead(bytes: Buffer, from: number): number {
    const before = this.#partial.length;
    let end = before === 0 ? bytes.indexOf(HEAD_END, from, 'latin1') : -1;
    let text: string;
    if (end >= 0) {
      text = bytes.toString('latin1', from, end);
      end += HEAD_END.length;
    } else {
      text = this.#partial + bytes.toString('latin1', from, from + MAX_HEAD_BYTES);
      const behind = text.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length));
      if (behind < 0) {
        this.#keep(text, before);
        return bytes.length;
      }
      text = text.slice(0, behind);
      end = from + behind + HEAD_END.length - before;
    }
    if (text.length > MAX_HEAD_BYTES) throw malformed('a head that is too large');
    this.#partial = '';
    this.#useHead(parseHead(text, this.#method), bytes, end);
    return this.#state === 'tunnel' ? bytes.length : end;
  }

  /** What can never become a head is refused at once, because more of it may never come. */
  #keep(text: string, before: number): void {
    if (text.length >= MAX_HEAD_BYTES) throw malformed('a head that is too large');
    const begins = text.length < BEGINNING.length ? BEGINNING.startsWith(text) : text.startsWith(BEGINNING);
    if (!begins || NO_HEAD.test(text.slice(Math.max(0, before - 1)))) throw malformed('no valid head');
    this.#partial = text;
  }

  #useHead(head: FramedHead, bytes: Buffer, end: number): void {
    if (head.status === 101) {
      if (!this.#mayUpgrade) throw new UpstreamError('UPSTREAM_MALFORMED', 'the sandbox changed protocols');
      this.#state = 'tunnel';
      this.#sink.onUpgrade(head, bytes.subarray(end));
      return;
    }
    if (head.status < 200) {
      this.#sink.onHead(head);
      return;
    }
    this.#head = head;
    this.#left = head.length;
    this.#state = head.framing === 'none' ? 'idle' : head.framing;
    if (head.framing === 'chunks') this.#chunks = new ChunkDecoder();
    this.#isExact = head.framing !== 'none' || end === bytes.length;
    this.#sink.onHead(head);
    if (head.framing === 'none' && this.#head === head) this.#sink.onEnd();
  }

  #readBody(bytes: Buffer, from: number): void {
    if (this.#state === 'length') {
      const end = Math.min(from + this.#left, bytes.length);
      this.#left -= end - from;
      this.#isExact = end === bytes.length;
      this.#sink.onData(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
      if (this.#left === 0 && this.#state === 'length') this.#finish();
    } else if (this.#state === 'chunks' && this.#chunks !== undefined) {
      const end = this.#chunks.decode(bytes, from, (piece) => {
        if (this.#state === 'chunks') this.#sink.onData(piece);
      });
      this.#isExact = end === bytes.length;
      if (this.#chunks.isDone && this.#state === 'chunks') this.#finish();
    } else if (this.#state === 'closing') this.#sink.onData(from === 0 ? bytes : bytes.subarray(from));
  }

  #finish(): void {
    this.#state = 'idle';
    this.#chunks = undefined;
    this.#sink.onEnd();
  }
}
