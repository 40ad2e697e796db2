// Times that differ from reader to reader, as an operator writes them: `30s`, `exp:10m`, `uniform:1m-5m`, `lognormal:8m`.
import { z } from 'zod';
import type { Random } from '../../../shared/clock.ts';
import type { Kind } from '../../../shared/config/option.ts';
import { parseDuration } from '../../../shared/config/units.ts';

export interface Distribution {
  /** As written. */
  readonly text: string;
  /** ms */
  readonly draw: (random: Random) => number;
}

/** Of the logarithm: two thirds are between 2/5 and 5/2 of the median. */
const SIGMA = 0.9;
/** A single draw of a distribution without an end must not keep a run from ending. */
const MOST_OF_MEAN = 20;

export const DISTRIBUTION_EXPECTS =
  'a time such as 30s, or exp:10m (mean), uniform:1m-5m (from, to), lognormal:8m (median)';

/** Undefined for a text that is no distribution. */
export function parseDistribution(text: string): Distribution | undefined {
  const [, name = 'fixed', rest = ''] = /^(?:(exp|uniform|lognormal):)?(.+)$/.exec(text.trim()) ?? [];
  const [first, second, ...more] = rest.split('-').map(parseDuration);
  if (typeof first !== 'number' || more.length > 0) return undefined;
  if (name === 'uniform') {
    if (typeof second !== 'number' || second < first) return undefined;
    return { text, draw: (random) => first + random() * (second - first) };
  }
  if (second !== undefined) return undefined;
  if (name === 'exp') {
    return { text, draw: (random) => Math.min(-Math.log(1 - random()), MOST_OF_MEAN) * first };
  }
  if (name === 'lognormal') return { text, draw: (random) => first * Math.exp(SIGMA * normal(random)) };
  return { text, draw: () => first };
}

/** An option that takes a distribution. */
export function distribution(): Kind<Distribution> {
  return {
    schema: z.union([z.string(), z.number()]).transform((value, context) => {
      const parsed = parseDistribution(String(value));
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: 'custom', message: `expected ${DISTRIBUTION_EXPECTS}` });
      return z.NEVER;
    }),
    metavar: 'time',
    expects: DISTRIBUTION_EXPECTS,
    format: ({ text }) => text,
  };
}

/** A distribution that is written in the source. */
export function distributionOf(text: string): Distribution {
  const parsed = parseDistribution(text);
  if (parsed === undefined) throw new Error(`${text} is no distribution`);
  return parsed;
}

/** Box and Muller, 1958. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
