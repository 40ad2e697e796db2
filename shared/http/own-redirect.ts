// Redirects that a node may answer where its report is expected: tmpnb answers `/stats` with `301 Location: /api/stats`.
import { FleetError } from '../errors.ts';

/** More than this many in a row are no way to a report. */
export const MAX_REDIRECTS = 3;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Where a redirect leads to, for a program that follows redirects within one origin only: another origin would be
 * asked, and believed, in the name of this one.
 * @param from the address that was asked
 * @param location the answer's `Location`; empty for none
 * @returns the next address to ask; undefined when the answer is no redirect
 * @throws FleetError `bad-report` when it leads to another origin, or to no address
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
