// Traces of clicks: what front and node did for one click, each step with its times, joined under one name. The name follows from the
// nonce of the click's ticket, which only fronts give out and sign: nothing more has to travel, front and node decide alike whether a
// click is in the sample, and what a request says of a trace of its own (`traceparent`) is never read.
//
// Nothing here knows OpenTelemetry: `otlp.ts` does, and is loaded only where a collector is named.
import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../clock.ts';
import { clickDigest } from '../protocol/ticket.ts';

export type SpanKind = 'server' | 'client' | 'internal';
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A step in a trace: 32 and 16 hexadecimal digits. */
export interface SpanPoint {
  readonly traceId: string;
  readonly spanId: string;
}

/** Times in ms since 1970, with fractions. */
export interface FinishedSpan extends SpanPoint {
  /** Undefined for the first one of a trace. */
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: SpanAttributes;
  /** Why the step failed, if it did. */
  readonly error: string | undefined;
  readonly links: readonly SpanPoint[];
}

export interface TracerOptions {
  /** Of clicks, 0 to 1. */
  readonly share: number;
  readonly add: (span: FinishedSpan) => void;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly random: Random;
}

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
/** Of a trace's name, which decide whether it is in the sample. */
const SAMPLE_DIGITS = 8;

export class Tracer {
  readonly #options: TracerOptions;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /** The trace of a click; undefined when it is not in the sample. @param nonce of its ticket @param isAlways whatever the sample */
  traceOf(nonce: string, isAlways = false): Trace | undefined {
    const first = this.firstOf(nonce);
    if (isAlways) return new Trace(first, this.#options);
    const drawn = Number.parseInt(first.traceId.slice(0, SAMPLE_DIGITS), 16) / 16 ** SAMPLE_DIGITS;
    return drawn >= this.#options.share ? undefined : new Trace(first, this.#options);
  }

  /** The first step of a click's trace, for a link from another one. */
  firstOf(nonce: string): SpanPoint {
    const digest = clickDigest(nonce);
    const spanId = digest.slice(TRACE_DIGITS, TRACE_DIGITS + SPAN_DIGITS);
    return { traceId: digest.slice(0, TRACE_DIGITS), spanId };
  }

  /** A trace that no other program adds to; undefined when it is not in the sample. */
  newTrace(): Trace | undefined {
    const { share, random } = this.#options;
    if (random() >= share) return undefined;
    return new Trace({ traceId: randomDigits(TRACE_DIGITS), spanId: newSpanId() }, this.#options);
  }
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** ms of the monotonic clock; default: now */
  readonly startedAt?: number;
  readonly attributes?: SpanAttributes;
}

/** One trace, as this program sees it: all its steps are measured by one clock. */
export class Trace {
  readonly #first: SpanPoint;
  readonly #options: TracerOptions;
  /** Added to times of the monotonic clock, ms. */
  readonly #toWall: number;

  constructor(first: SpanPoint, options: TracerOptions) {
    this.#first = first;
    this.#options = options;
    this.#toWall = options.clock.now() - options.clock.monotonic();
  }

  get id(): string {
    return this.#first.traceId;
  }

  /** The first step of all, whose name every program knows. */
  first(name: string, options: SpanOptions = {}): Span {
    return this.#span({ name, spanId: this.#first.spanId, parentId: undefined }, options);
  }

  /** A step behind another one; without `parent` behind the first one, wherever that was. */
  step(name: string, options: SpanOptions = {}, parentId = this.#first.spanId): Span {
    return this.#span({ name, spanId: newSpanId(), parentId }, options);
  }

  /** Another trace, of what was not done for this click but bears on it. */
  beside(): Trace {
    return new Trace({ traceId: randomDigits(TRACE_DIGITS), spanId: newSpanId() }, this.#options);
  }

  /** ms since 1970 in ms of the monotonic clock, for steps that began in another program. */
  fromWall(at: number): number {
    return at - this.#toWall;
  }

  #span(about: Pick<FinishedSpan, 'name' | 'spanId' | 'parentId'>, options: SpanOptions): Span {
    const { clock, add } = this.#options;
    const { kind = 'internal', startedAt = clock.monotonic(), attributes = {} } = options;
    return new Span(
      { ...about, traceId: this.id, kind, attributes },
      { startedAt, trace: this, toWall: this.#toWall, now: () => clock.monotonic(), add },
    );
  }
}

interface SpanParts {
  readonly startedAt: number;
  readonly trace: Trace;
  readonly toWall: number;
  readonly now: () => number;
  readonly add: (span: FinishedSpan) => void;
}

/** A step that has begun. One that is never ended is in no trace. */
export class Span implements SpanPoint {
  readonly #about: Pick<FinishedSpan, 'traceId' | 'spanId' | 'parentId' | 'name' | 'kind'>;
  readonly #parts: SpanParts;
  readonly #links: SpanPoint[] = [];
  #attributes: SpanAttributes;
  #error: string | undefined;
  #hasEnded = false;

  constructor(about: Omit<FinishedSpan, 'startedAt' | 'endedAt' | 'error' | 'links'>, parts: SpanParts) {
    this.#about = about;
    this.#attributes = about.attributes;
    this.#parts = parts;
  }

  get trace(): Trace {
    return this.#parts.trace;
  }

  get traceId(): string {
    return this.#about.traceId;
  }

  get spanId(): string {
    return this.#about.spanId;
  }

  /** A step of this one. */
  step(name: string, options: SpanOptions = {}): Span {
    return this.trace.step(name, options, this.spanId);
  }

  set(attributes: SpanAttributes): void {
    this.#attributes = { ...this.#attributes, ...attributes };
  }

  /** Names a step of another trace that this one follows from. */
  link({ traceId, spanId }: SpanPoint): void {
    this.#links.push({ traceId, spanId });
  }

  fail(reason: string): void {
    this.#error = reason;
  }

  /** The first call counts. @param at ms of the monotonic clock; default: now */
  end(at = this.#parts.now()): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { startedAt, toWall, add } = this.#parts;
    const times = { startedAt: startedAt + toWall, endedAt: Math.max(startedAt, at) + toWall };
    add({
      ...{ ...this.#about, ...times, attributes: this.#attributes, error: this.#error, links: this.#links },
    });
  }
}

/** Does a step of a span; where there is no span, only what is to be done. */
export function inStep<T>(
  span: Span | undefined,
  name: string,
  work: (step?: Span) => Promise<T>,
): Promise<T> {
  return span === undefined ? work() : doStep(span.step(name), work);
}

async function doStep<T>(step: Span, work: (step: Span) => Promise<T>): Promise<T> {
  try {
    return await work(step);
  } finally {
    step.end();
  }
}

function newSpanId(): string {
  return randomDigits(SPAN_DIGITS);
}

function randomDigits(count: number): string {
  return randomBytes(count / 2).toString('hex');
}
