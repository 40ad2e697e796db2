// How the command ends: one line for people on standard error, and a code for scripts.
import { describeError, type ErrorCode, FleetError, type FleetErrorOptions } from '../../shared/errors.ts';

/** Documented in `tmpfleet --help`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  otherwise: 5,
  generatorLimit: 6,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `
Exit codes:
  0  done, or stopped by a signal
  1  failed; standard error says why and what to do
  2  the command line or the configuration is invalid
  3  the front or the node refused; standard error says why
  4  the front or the node cannot be reached
  5  --wait timed out, the operation did not reach the expected state, or load missed a threshold
  6  load: the generator was the limit, so its figures say nothing about the fleet
  130  interrupted before it was ready`;

/** A failure that has an exit code of its own. */
export class CommandError extends FleetError {
  readonly exit: ExitCode;

  constructor(exit: ExitCode, code: ErrorCode, message: string, options: FleetErrorOptions = {}) {
    super(code, message, options);
    this.exit = exit;
  }
}

/** Prints the error (with a stack only if it is unforeseen) and returns the exit code. */
export function reportFailure(error: unknown): number {
  if (error instanceof FleetError) {
    process.stderr.write(`tmpfleet: ${describeError(error)}\n`);
    if (error instanceof CommandError) return error.exit;
    return error.code === 'bad-config' ? EXIT.usage : EXIT.failed;
  }
  process.stderr.write(
    `tmpfleet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.failed;
}
