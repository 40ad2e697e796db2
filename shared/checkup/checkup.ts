// What a check-up found: one thing looked at, how it stands, and what to do about it.
import { describeError, FleetError } from '../errors.ts';

export type Level = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly detail: string;
  readonly remedy?: string;
}

/** What a check says; without a level it is well. */
export interface Verdict {
  readonly level?: Level;
  readonly detail: string;
  readonly remedy?: string;
}

/** One check. What it throws is a failure, with the error's own remedy. */
export async function check(name: string, look: () => Promise<Verdict> | Verdict): Promise<Finding> {
  try {
    return { check: name, level: 'ok', ...(await look()) };
  } catch (error) {
    if (!(error instanceof FleetError)) return { check: name, level: 'fail', detail: describeError(error) };
    const { message, remedy } = error;
    return { check: name, level: 'fail', detail: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

/** Whether nothing failed; warnings are no failure. */
export function isWell(findings: readonly Finding[]): boolean {
  return findings.every(({ level }) => level !== 'fail');
}
