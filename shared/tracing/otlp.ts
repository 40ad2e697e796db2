// Sends spans to a collector by OpenTelemetry's own packages (OTLP/HTTP, JSON). Loaded only where --otlp is given.
import { setTimeout as delay } from 'node:timers/promises';
import { SpanKind as OtelKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Clock } from '../clock.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../logging.ts';
import { VERSION } from '../version.ts';
import type { FinishedSpan, SpanPoint } from './tracer.ts';

export interface OtlpOptions {
  /** With its path. */
  readonly url: string;
  readonly headers: Record<string, string>;
  /** `front` or `node`. */
  readonly program: string;
  /** Name of this front or node. */
  readonly instance: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
}

export type SpanOutcome = 'sent' | 'failed' | 'dropped';

export interface OtlpSink {
  readonly counts: Readonly<Record<SpanOutcome, number>>;
  add(span: FinishedSpan): void;
  /** Sends what is left, for two seconds at most. */
  close(): Promise<void>;
}

/** Spans that wait for the collector, those on their way to it included: about 4 MB. Further ones are left out. */
const MOST_QUEUED = 4_096;
const BATCH = 512;
/** Between two batches that are not full. ms */
const BATCH_MS = 2_000;
/** Longest time for one batch, with its repetitions. ms */
const EXPORT_MS = 10_000;
const WARN_MS = 60_000;
const CLOSE_MS = 2_000;
const LONGEST_REASON = 200;
/** `code` of a result; the package that has its name is not ours to import. */
const SUCCESS = 0;

const KINDS = { server: OtelKind.SERVER, client: OtelKind.CLIENT, internal: OtelKind.INTERNAL } as const;

export function openOtlp(options: OtlpOptions): OtlpSink {
  return new Sink(options);
}

class Sink implements OtlpSink {
  readonly counts: Record<SpanOutcome, number> = { sent: 0, failed: 0, dropped: 0 };
  readonly #options: OtlpOptions;
  readonly #resource: Resource;
  readonly #processor: BatchSpanProcessor;
  #queued = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(options: OtlpOptions) {
    this.#options = options;
    const { url, headers, program, instance } = options;
    // What an operator says by OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME goes first.
    this.#resource = resourceFromAttributes({
      'service.name': `tmpfleet-${program}`,
      'service.namespace': 'tmpfleet',
      'service.version': VERSION,
      'service.instance.id': instance,
    }).merge(detectResources({ detectors: [envDetector] }));
    const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: EXPORT_MS });
    this.#processor = new BatchSpanProcessor({
      exporter: this.#watched(exporter),
      maxQueueSize: MOST_QUEUED,
      maxExportBatchSize: BATCH,
      scheduledDelayMillis: BATCH_MS,
      exportTimeoutMillis: EXPORT_MS,
    });
  }

  add(span: FinishedSpan): void {
    if (this.#queued >= MOST_QUEUED) {
      this.counts.dropped += 1;
      return;
    }
    this.#queued += 1;
    this.#processor.onEnd(readable(span, this.#resource));
  }

  async close(): Promise<void> {
    const timer = new AbortController();
    const late = delay(CLOSE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    // What could not be sent is counted and in the log already.
    const sent = this.#processor.shutdown().catch(() => undefined);
    await Promise.race([sent, late]);
    timer.abort();
    if (this.#queued > 0)
      this.#options.logger.warn(
        { spans: this.#queued },
        'spans are left that the collector did not take in time',
      );
  }

  /** The processor tells nobody what became of its batches, and waits no longer than its time for them. */
  #watched(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        let isOver = false;
        const end = (error: unknown): void => {
          if (isOver) return;
          isOver = true;
          clearTimeout(timer);
          this.#note(spans.length, error);
        };
        const timer = setTimeout(() => end(new Error('no answer in time')), EXPORT_MS).unref();
        exporter.export(spans, (result) => {
          end(result.code === SUCCESS ? undefined : (result.error ?? new Error('it was refused')));
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
    };
  }

  #note(count: number, error: unknown): void {
    const { logger, url, clock } = this.#options;
    this.#queued -= count;
    this.counts[error === undefined ? 'sent' : 'failed'] += count;
    if (error === undefined) {
      if (this.#isFailing) logger.info({ otlp: url }, 'traces reach the collector again');
      this.#isFailing = false;
      return;
    }
    this.#isFailing = true;
    const now = clock.monotonic();
    if (now - this.#warnedAt < WARN_MS) return;
    this.#warnedAt = now;
    const { failed, dropped } = this.counts;
    const about = { otlp: url, reason: reasonOf(error), failed, dropped };
    logger.warn(about, 'traces do not reach the collector; nothing else is affected');
  }
}

/** What the exporter says of an answer that it has repeated its request for. */
const BUSY = 'Export failed with retryable status';

/** Without what the collector says in its answer, which may quote our headers. */
function reasonOf(error: unknown): string {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  const said = describeError(error);
  const shown = said === BUSY ? 'it answers 429, 502, 503 or 504' : said;
  const text = typeof status === 'number' ? `it answers ${status}` : shown;
  return text.slice(0, LONGEST_REASON);
}

function readable(span: FinishedSpan, resource: Resource): ReadableSpan {
  const { parentId, name, kind, startedAt, endedAt, attributes, error, links, traceId } = span;
  return {
    ...{ name, kind: KINDS[kind], attributes: { ...attributes }, events: [], resource, ended: true },
    spanContext: () => contextOf(span),
    ...(parentId === undefined ? {} : { parentSpanContext: contextOf({ traceId, spanId: parentId }) }),
    startTime: hrTime(startedAt),
    endTime: hrTime(endedAt),
    duration: hrTime(endedAt - startedAt),
    status:
      error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
    links: links.map((link) => ({ context: contextOf(link) })),
    instrumentationScope: { name: 'tmpfleet', version: VERSION },
    ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
  };
}

function contextOf({ traceId, spanId }: SpanPoint) {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

/** @param ms with fractions */
function hrTime(ms: number): [seconds: number, nanoseconds: number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1_000) * 1e6))];
}
