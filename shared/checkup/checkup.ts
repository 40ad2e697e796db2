// The finding of a check: what was checked, the result, and a remedy.
import { describeError, FleetError } from '../errors.ts';

export type Level = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly detail: string;
  readonly remedy?: string;
}

/** The result of a check; without a level it is `ok`. */
export interface Verdict {
  readonly level?: Level;
  readonly detail: string;
  readonly remedy?: string;
}

/** Runs one check. An error that it throws becomes a failure, with the error's remedy. */
export async function check(name: string, look: () => Promise<Verdict> | Verdict): Promise<Finding> {
  try {
    return { check: name, level: 'ok', ...(await look()) };
  } catch (error) {
    if (!(error instanceof FleetError)) return { check: name, level: 'fail', detail: describeError(error) };
    const { message, remedy } = error;
    return { check: name, level: 'fail', detail: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

/** Whether nothing failed; warnings do not count as failures. */
export function isWell(findings: readonly Finding[]): boolean {
  return findings.every(({ level }) => level !== 'fail');
}
