// The body of every error: all listeners send it, all clients parse it.
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode, type FleetError } from '../errors.ts';

/** tmpnb's clients read `status`; everything else decides by `code`. */
export const errorSchema = z.looseObject({
  status: z.enum(['error', 'full']).describe('`full` when only room is missing'),
  code: z.enum(ERROR_CODES).describe('what went wrong, as a stable word'),
  message: z.string().describe('what went wrong, for people; names the field and its value'),
  remedy: z.string().optional().describe('what to do about it'),
});
export type ErrorBody = z.infer<typeof errorSchema>;

const NO_ROOM: ReadonlySet<ErrorCode> = new Set(['full', 'no-room']);

export function errorBody(code: ErrorCode, message: string, remedy?: string): ErrorBody {
  const status = NO_ROOM.has(code) ? 'full' : 'error';
  return { status, code, message, ...(remedy === undefined ? {} : { remedy }) };
}

/** The body for an error; with its message only where the caller may read it. */
export function errorBodyOf(error: FleetError): ErrorBody {
  const { code, message, remedy, details, expose } = error;
  if (!expose) return errorBody(code, 'an internal error occurred; the log has the details');
  return { ...details, ...errorBody(code, message, remedy) };
}

/** Parses an error body; undefined when the text is not one of ours. */
export function readError(text: string): ErrorBody | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON, so not one of ours.
    return undefined;
  }
}
