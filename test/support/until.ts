// Waits for a condition with a deadline, never for a duration.
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first value that is neither undefined nor false. @throws after `ms`, naming what was awaited */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  ms = 45_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`waited ${ms} ms in vain until ${what}`, { cause: last });
    await delay(25);
  }
}
