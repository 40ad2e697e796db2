// Opens tracing where a collector is named (--otlp); elsewhere no SDK and no exporter is loaded.
import type { Clock, Random } from '../clock.ts';
import type { Logger } from '../logging.ts';
import { type Registry, rowsBy, showCounter } from '../metrics.ts';
import { parseHeaders, type TracingConfig, tracesUrl } from './options.ts';
import { Tracer } from './tracer.ts';

export interface OpenTracing {
  readonly tracer: Tracer;
  /** Sends what is left, within a bound. */
  close(): Promise<void>;
}

export interface TracingContext {
  readonly program: 'front' | 'node';
  /** Name of this front or node. */
  readonly instance: string;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Before any, and without a collector. */
const NONE: Readonly<Record<string, number>> = { sent: 0, failed: 0, dropped: 0 };

/** Undefined where no collector is named. */
export async function openTracing(
  { otlp, otlpSample, otlpHeaders }: TracingConfig,
  { program, instance, registry, clock, random, logger }: TracingContext,
): Promise<OpenTracing | undefined> {
  let counts = NONE;
  showCounter(registry, {
    name: 'tmpfleet_trace_spans_total',
    help: 'Spans of traced clicks (--otlp), by what became of them: sent to the collector, failed, or dropped because too many were waiting',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', counts),
  });
  if (otlp === '') return undefined;
  const { openOtlp } = await import('./otlp.ts');
  const url = tracesUrl(otlp);
  const sink = openOtlp({ url, headers: parseHeaders(otlpHeaders), program, instance, clock, logger });
  counts = sink.counts;
  logger.info({ otlp: url, sample: otlpSample }, 'clicks are traced');
  const add = sink.add.bind(sink);
  return { tracer: new Tracer({ share: otlpSample, add, clock, random }), close: () => sink.close() };
}
