// How readers arrive over a run: for each shape the share of the highest rate, by the part of the run that has passed.

/** From 0 to 1, of a time from 0 (the first moment of the run) to 1 (its last). */
export type Curve = (x: number) => number;

/** A crowd at once, then fewer by a factor of e each quarter of the time, over a trickle of a twentieth. */
export const fadingCrowd: Curve = (x) => 0.05 + 0.95 * Math.exp(-4 * x);

const SPIKE_AT = 0.2;
const WAVES = 6;

/**
 * A day of an article's readers, hour by hour from midnight (GMT): a model, not a recording. Few know of it until it is
 * published in the evening before work in Europe ends; the crowd of the first two hours fades, rises once more as
 * readers further west find it, and ebbs away in the night.
 */
const NATURE_DAY: readonly number[] = [
  0.01, 0.01, 0.01, 0.01, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.06, 0.06, 0.07, 0.08, 0.09, 0.1, 0.12, 0.2, 1,
  0.85, 0.55, 0.45, 0.5, 0.35, 0.2,
];

export const SHAPES = {
  constant: () => 1,
  ramp: (x) => x,
  spike: (x) => (x < SPIKE_AT ? 0.05 : fadingCrowd((x - SPIKE_AT) / (1 - SPIKE_AT))),
  churn: (x) => 0.5 - 0.5 * Math.cos(2 * Math.PI * WAVES * x),
  cliff: (x) => (x < 0.5 ? 1 : 0),
  'nature-day': (x) => between(NATURE_DAY, x),
} as const satisfies Readonly<Record<string, Curve>>;
export type ShapeName = keyof typeof SHAPES;

/** For help texts. */
export const SHAPE_WORDS: Readonly<Record<ShapeName, string>> = {
  constant: 'the same rate all the time',
  ramp: 'from nothing to the rate',
  spike: 'a trickle, then a crowd at once, which fades',
  churn: `${WAVES} waves: the fleet fills and empties again and again`,
  cliff: 'the rate for half of the time, then nothing',
  'nature-day': 'the day on which an article is published, compressed',
};

function between(points: readonly number[], x: number): number {
  const place = Math.min(Math.max(x, 0), 1) * (points.length - 1);
  const before = Math.floor(place);
  const low = points[before] ?? 0;
  return low + (place - before) * ((points[before + 1] ?? low) - low);
}
