// What a plan has to keep: `--refused 0.1%` and `--wait p99<2s`.
import { z } from 'zod';
import type { Kind } from '../../shared/config/option.ts';
import { parseDuration } from '../../shared/config/units.ts';

export interface WaitTarget {
  /** As written. */
  readonly text: string;
  /** From 0 to 1: of which part of the served readers. */
  readonly part: number;
  readonly lessThanMs: number;
}

export interface Targets {
  /** Part of the readers who may be refused, from 0 to 1. */
  readonly refused: number;
  readonly waits: readonly WaitTarget[];
}

export const shareKind: Kind<number> = {
  schema: z
    .string()
    .regex(/^\d+(?:\.\d+)?%$/)
    .transform((text) => Number(text.slice(0, -1)) / 100)
    .refine((share) => share <= 1),
  metavar: 'percent',
  expects: 'a share from 0% to 100%, such as 0.1%',
  format: (share) => `${Number((100 * share).toFixed(6))}%`,
};

/** Several of them with commas between, or the flag given several times. */
export const waitsKind: Kind<readonly WaitTarget[]> = {
  schema: z.string().transform((text, context) =>
    text
      .split(',')
      .filter((each) => each.trim() !== '')
      .map((each) => parseWait(each.trim()) ?? refuse(context)),
  ),
  metavar: 'p<n><time',
  expects: 'a percentile and a time, such as p99<2s or p50<500ms',
  isRepeatable: true,
  format: (waits) => waits.map(({ text }) => text).join(','),
};

function refuse(context: z.RefinementCtx): never {
  context.addIssue('no target');
  return z.NEVER;
}

export function parseWait(text: string): WaitTarget | undefined {
  const [, percent = '', time = ''] = /^p(\d{1,2}(?:\.\d{1,3})?)\s*<\s*(\S+)$/.exec(text) ?? [];
  const lessThanMs = parseDuration(time);
  if (percent === '' || typeof lessThanMs !== 'number' || lessThanMs <= 0) return undefined;
  return { text, part: Number(percent) / 100, lessThanMs };
}

/** Says of a simulation under way whether the targets are missed, however the rest of the readers fare. */
export class Judge {
  readonly #targets: Targets;
  readonly #readers: number;
  readonly #latencyMs: number;
  readonly #late: number[];
  #seen = 0;

  /** @param readers of the whole time @param latencyMs what each wait is longer than counted */
  constructor(targets: Targets, readers: number, latencyMs: number) {
    this.#targets = targets;
    this.#readers = readers;
    this.#latencyMs = latencyMs;
    this.#late = targets.waits.map(() => 0);
  }

  isMissed({
    turnedAway,
    waits,
  }: {
    readonly turnedAway: number;
    readonly waits: readonly number[];
  }): boolean {
    const { refused, waits: targets } = this.#targets;
    for (; this.#seen < waits.length; this.#seen += 1) {
      const wait = this.#latencyMs + (waits[this.#seen] ?? 0);
      targets.forEach(({ lessThanMs }, index) => {
        if (wait >= lessThanMs) this.#late[index] = (this.#late[index] ?? 0) + 1;
      });
    }
    if (turnedAway > refused * this.#readers) return true;
    // One more, since what percentile a single reader makes is a matter of rounding.
    return targets.some(({ part }, index) => (this.#late[index] ?? 0) > (1 - part) * this.#readers + 1);
  }
}

/** The value below which this part of the values lies. @param sorted ascending */
export function percentile(sorted: Float64Array, part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
