/** Set by someone who wants the long runs: more rounds and larger crowds, of which a part proves the same in less time. */
export const FULL_SCALE = !['', '0', undefined].includes(process.env.TMPFLEET_TEST_FULL_SCALE);
