// Waits for a condition with a deadline, never for a duration. When it fails it prints the test's programs.
import { setTimeout as delay } from 'node:timers/promises';

/** The state of a program of the test, such as its `/stats` and its last log lines. */
export type Describe = () => string | Promise<string>;

const DESCRIBE_MS = 2_000;
const running = new Set<Describe>();

/**
 * Makes every `until` that fails in this test file print what `describe` returns, while the program runs.
 *
 * @returns a function that ends this
 */
export function describeOnFailure(describe: Describe): () => void {
  running.add(describe);
  return () => running.delete(describe);
}

/** Resolves with the first value that is neither undefined nor false. @throws after `ms`, naming the condition */
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
    if (performance.now() > deadline) {
      const lines = [`waited ${ms} ms in vain until ${what}`, ...(await describeRunning())];
      throw new Error(lines.join('\n'), { cause: last });
    }
    await delay(25);
  }
}

function describeRunning(): Promise<readonly string[]> {
  const inTime = async (describe: Describe): Promise<string> => {
    const late = delay(DESCRIBE_MS, `(no description within ${DESCRIBE_MS} ms)`, { ref: false });
    return Promise.race([describe(), late]).catch((error: unknown) => `(no description: ${error})`);
  };
  return Promise.all([...running].map(inTime));
}

/** The JSON at an address, on one line; without an answer, the reason. */
export async function snapshotOf(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(DESCRIBE_MS) });
    return `${url}: ${(await answer.text()).slice(0, 4_000)}`;
  } catch (error) {
    return `${url}: ${error instanceof Error ? String(error.cause ?? error) : error}`;
  }
}
