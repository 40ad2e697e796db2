// When each reader arrives: a number of readers drawn from the curve of a shape. The same seed gives the same times.
import type { Random } from '../../../shared/clock.ts';
import type { Curve } from './shapes.ts';

/** `poisson`: as people come, each by themselves. `even`: as regular as a clock. */
export const SPACINGS = ['poisson', 'even'] as const;
export type Spacing = (typeof SPACINGS)[number];

export interface ArrivalOptions {
  readonly curve: Curve;
  readonly readers: number;
  /** ms */
  readonly forMs: number;
  readonly spacing: Spacing;
}

/** Steps in which the area below a curve is added up. */
const STEPS = 8_192;

/** The share of the run for which the highest rate would give the same number of readers. */
export function meanOf(curve: Curve): number {
  return areas(curve)[STEPS] ?? 0;
}

/**
 * Times in ms since the begin of the run, in order. Of a Poisson process with a changing rate, the times of a given number of
 * arrivals are independent draws with the density of its rate (Cox and Lewis, 1966); so the number is exact.
 */
export function drawArrivals(
  { curve, readers, forMs, spacing }: ArrivalOptions,
  random: Random,
): Float64Array {
  const area = areas(curve);
  const total = area[STEPS] ?? 0;
  const times = Float64Array.from({ length: readers }, (_, index) => {
    const share = spacing === 'even' ? (index + 0.5) / readers : random();
    return forMs * timeOf(area, share * total);
  });
  return times.sort();
}

/** The area below the curve up to each step. */
function areas(curve: Curve): Float64Array {
  const area = new Float64Array(STEPS + 1);
  let sum = 0;
  for (let step = 0; step < STEPS; step += 1) {
    sum += curve((step + 0.5) / STEPS) / STEPS;
    area[step + 1] = sum;
  }
  return area;
}

/** From 0 to 1: where the area is that large. */
function timeOf(area: Float64Array, wanted: number): number {
  let low = 0;
  let high = STEPS;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((area[middle] ?? 0) <= wanted) low = middle;
    else high = middle;
  }
  const from = area[low] ?? 0;
  const width = (area[high] ?? 0) - from;
  return (low + (width === 0 ? 0 : (wanted - from) / width)) / STEPS;
}
