// The body of every error, as all listeners send it and all clients read it.
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode, type FleetError } from '../errors.ts';

/** `status` is what tmpnb's clients look at; everything else decides by `code`. */
export const errorSchema = z.looseObject({
  status: z.enum(['error', 'full']).describe('`full` when only room is missing'),
  code: z.enum(ERROR_CODES).describe('what went wrong, as a stable word'),
  message: z.string().describe('what went wrong, in words; it names the field and its value'),
  remedy: z.string().optional().describe('what to do about it'),
});
export type ErrorBody = z.infer<typeof errorSchema>;

const NO_ROOM: ReadonlySet<ErrorCode> = new Set(['full', 'no-room']);

export function errorBody(code: ErrorCode, message: string, remedy?: string): ErrorBody {
  const status = NO_ROOM.has(code) ? 'full' : 'error';
  return { status, code, message, ...(remedy === undefined ? {} : { remedy }) };
}

/** The body for an error; its words only where the caller may read them. */
export function errorBodyOf(error: FleetError): ErrorBody {
  const { code, message, remedy, details, expose } = error;
  if (!expose) return errorBody(code, 'something went wrong on our side; it has been logged');
  return { ...details, ...errorBody(code, message, remedy) };
}

/** The error in a body, or undefined where it is none of ours. */
export function readError(text: string): ErrorBody | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON, so not ours either.
    return undefined;
  }
}
