// The range of user ids of --uid-range.
import { type Kind, text } from '../../../shared/config/option.ts';

export interface UserIdRange {
  readonly first: number;
  readonly count: number;
}

/** Of the kernel: the last 32-bit number means "no user". */
const LAST_ID = 2 ** 32 - 2;
/** Ids below belong to users of the host. */
const FIRST_ID = 65_536;

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
