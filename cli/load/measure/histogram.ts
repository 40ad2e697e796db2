// Times of a step, in an HDR histogram (G. Tene, https://hdrhistogram.github.io/HdrHistogram/): constant memory, and the error of
// each percentile within a bound. Node's own `createHistogram` is one, too, but it cannot be written to a file and read again,
// which adding up several generators needs.
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';
import { z } from 'zod';

/** Times are kept in whole µs. */
const PER_MS = 1_000;
/** An hour, above which a time counts as one. */
const MOST_MS = 3_600_000;

/** `fine`: within 0.1 %. `coarse`: within 1 %, in a tenth of the memory. */
export type Precision = 'fine' | 'coarse';
const DIGITS: Readonly<Record<Precision, 2 | 3>> = { fine: 3, coarse: 2 };

export class Times {
  readonly #histogram: Histogram;
  /** ms; exact, where the histogram's own is within its precision */
  #max = 0;

  constructor(precision: Precision = 'fine') {
    this.#histogram = build({
      bitBucketSize: 32,
      autoResize: true,
      numberOfSignificantValueDigits: DIGITS[precision],
      useWebAssembly: false,
    });
  }

  /** @param maxMs the highest time, where it is known. @throws Error for a text that is no histogram */
  static decode(text: string, maxMs?: number): Times {
    const times = new Times();
    times.#histogram.add(decodeFromCompressedBase64(text, 32, false));
    times.#max = maxMs ?? times.#histogram.maxValue / PER_MS;
    return times;
  }

  record(ms: number): void {
    const micros = Math.round(PER_MS * Math.min(Math.max(ms, 0), MOST_MS));
    this.#histogram.recordValue(micros);
    this.#max = Math.max(this.#max, micros / PER_MS);
  }

  add(other: Times): void {
    this.#histogram.add(other.#histogram);
    this.#max = Math.max(this.#max, other.#max);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** ms. @param percent from 0 to 100 */
  at(percent: number): number {
    return this.count === 0 ? 0 : Math.min(this.#histogram.getValueAtPercentile(percent) / PER_MS, this.#max);
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.#histogram.mean / PER_MS;
  }

  get max(): number {
    return this.#max;
  }

  /** The compressed form that other programs read, too; HdrHistogram's "V2 compressed", in base64. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }
}

export const timesSchema = z.object({
  count: z.number(),
  mean_ms: z.number(),
  p50_ms: z.number(),
  p90_ms: z.number(),
  p99_ms: z.number(),
  p999_ms: z.number(),
  max_ms: z.number(),
  histogram: z.string(),
});
export type TimesJson = z.infer<typeof timesSchema>;

/** @throws Error */
export function timesFrom({ histogram, max_ms: max }: Pick<TimesJson, 'histogram' | 'max_ms'>): Times {
  return Times.decode(histogram, max);
}

export function timesJson(times: Times): TimesJson {
  const [p50, p90, p99, p999] = [50, 90, 99, 99.9].map((percent) => rounded(times.at(percent)));
  return {
    count: times.count,
    mean_ms: rounded(times.mean),
    ...{ p50_ms: p50 ?? 0, p90_ms: p90 ?? 0, p99_ms: p99 ?? 0, p999_ms: p999 ?? 0 },
    max_ms: rounded(times.max),
    histogram: times.encode(),
  };
}

/** To whole µs. */
function rounded(ms: number): number {
  return Math.round(ms * PER_MS) / PER_MS;
}
