// Redirects that a node may answer where its report is expected: tmpnb answers `/stats` with `301 Location: /api/stats`.
import { FleetError } from '../errors.ts';

/** More redirects than this in a row cannot lead to a report. */
export const MAX_REDIRECTS = 3;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The next address, for a program that follows redirects within one origin only: any other origin would be trusted in
 * the name of this one.
 * @param from the requested address
 * @param location the answer's `Location`; empty when there is none
 * @returns the next address to request; undefined when the answer is not a redirect
 * @throws FleetError `bad-report` when it leads to another origin, or is not an address
 */
export function followOwnRedirect(from: string, status: number, location: string): string | undefined {
  if (!REDIRECTS.has(status) || location === '') return undefined;
  const { origin } = new URL(from);
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (target?.origin === origin) return target.href;
  const where = JSON.stringify(location.slice(0, 200));
  throw new FleetError('bad-report', `it redirects to ${where}, which is not at ${origin}`);
}

export function tooManyRedirects(): FleetError {
  return new FleetError('bad-report', `it redirects more than ${MAX_REDIRECTS} times`);
}
