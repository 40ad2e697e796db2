// How the command ends: one line for people on standard error, and a code for scripts.
import { describeError, FleetError } from '../shared/errors.ts';

/** Documented in `tmpfleet --help`. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export const EXIT_CODES_HELP = `
Exit codes:
  0  done, or stopped by a signal as asked
  1  failed; standard error says why and what to do
  2  the command line or the configuration is wrong
  130  interrupted before it was ready`;

/** Says what went wrong in words (a stack only for what we did not foresee) and returns the exit code. */
export function reportFailure(error: unknown): number {
  if (error instanceof FleetError) {
    process.stderr.write(`tmpfleet: ${describeError(error)}\n`);
    return error.code === 'bad-config' ? EXIT.usage : EXIT.failed;
  }
  process.stderr.write(
    `tmpfleet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.failed;
}
