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

  constructor(precision: Precision = 'fine') {
    this.#histogram = build({
      bitBucketSize: 32,
      autoResize: true,
      numberOfSignificantValueDigits: DIGITS[precision],
      useWebAssembly: false,
    });
  }

  /** @throws Error for a text that is no histogram */
  static decode(text: string): Times {
    const times = new Times();
    times.#histogram.add(decodeFromCompressedBase64(text, 32, false));
    return times;
  }

  record(ms: number): void {
    this.#histogram.recordValue(Math.round(PER_MS * Math.min(Math.max(ms, 0), MOST_MS)));
  }

  add(other: Times): void {
    this.#histogram.add(other.#histogram);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** ms. @param percent from 0 to 100 */
  at(percent: number): number {
    return this.count === 0 ? 0 : Math.min(this.#histogram.getValueAtPercentile(percent) / PER_MS, this.max);
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.#histogram.mean / PER_MS;
  }

  get max(): number {
    return this.count === 0 ? 0 : this.#histogram.maxValue / PER_MS;
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
