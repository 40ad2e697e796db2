// The range of user ids of --uid-range.
import { type Kind, text } from '../../../shared/config/option.ts';

export interface UserIdRange {
  readonly first: number;
  readonly count: number;
}

/** Of the kernel: the last 32-bit number means "no user". */
const LAST_ID = 2 ** 32 - 2;
/** Ids below belong to the system. */
const FIRST_ID = 1_000;
/** Of a Docker that maps the users of its containers to others of the host. */
const LAST_MAPPED_ID = 65_535;

/** @returns undefined for `off` and for what is not a range */
export function parseUserIds(range: string): UserIdRange | undefined {
  const [, from, to] = /^(\d{1,10})-(\d{1,10})$/.exec(range) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return first >= FIRST_ID && last >= first && last <= LAST_ID
    ? { first, count: last - first + 1 }
    : undefined;
}

export const userIdRange: Kind<string> = {
  ...text('uids', `off, or a range from ${FIRST_ID} up, such as 200000-209999`),
  schema: text('', '').schema.refine((value) => value === 'off' || parseUserIds(value) !== undefined),
};

/**
 * Why this Docker cannot give a container an id of the range; undefined if it can.
 * @param securityOptions of Docker's `info`
 */
export function whyNotUserIds(range: string, securityOptions: readonly string[]): string | undefined {
  const ids = parseUserIds(range);
  const maps = securityOptions.some((each) => /^name=(userns|rootless)/.test(each));
  if (ids === undefined || !maps || ids.first + ids.count - 1 <= LAST_MAPPED_ID) return undefined;
  return `uid-range: this Docker maps users, so that ids in its containers end at ${LAST_MAPPED_ID}`;
}
