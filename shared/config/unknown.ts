// Explains an unknown option name: its name in tmpfleet, how to give a secret, or which name is similar.
import { nearest } from '../nearest.ts';
import { findOtherName } from './foreign-names.ts';
import type { Options } from './option.ts';
import { envName, kebab } from './option-names.ts';

/** Where the name was written: on the command line, in the YAML file or in the environment. */
export type Spelling = 'flag' | 'key' | 'variable';

/**
 * @param given the unknown name as it was written: `--pool_size`, `pool_size` or `TMPFLEET_POOL_SIZE`
 * @param others names beside those of the options that may have been meant
 * @returns `; tmpfleet calls it --capacity` and the like, to append to a message; empty when nothing is similar
 */
export function explainUnknown(
  given: string,
  spelling: Spelling,
  options: Options,
  others: readonly string[] = [],
): string {
  const name = given
    .replace(/^--?|^TMPFLEET_/, '')
    .replaceAll('_', '-')
    .toLowerCase();
  const secret = Object.entries(options).find(([key, spec]) => spec.secret === true && kebab(key) === name);
  if (secret !== undefined && spelling === 'flag') {
    return `; a secret on the command line would show in ps: use --${name}-file or ${envName(secret[0])}`;
  }
  const other = findOtherName(name);
  if (other !== undefined) {
    const [here] = Object.keys(options).filter((key) => kebab(key) === other.option);
    const note = other.note === undefined ? '' : ` (${other.note})`;
    if (here !== undefined) return `; tmpfleet calls it ${spell(here, spelling)}${note}`;
    if (other.option !== undefined)
      return `; tmpfleet has --${other.option}, but only for its other server${note}`;
    if (other.note !== undefined) return `; ${other.note}`;
  }
  const names = Object.keys(options).map((key) => spell(key, spelling, options[key]?.secret === true));
  const [near] = nearest(spellAs(name, spelling), [...names, ...others]);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function spell(key: string, spelling: Spelling, secret = false): string {
  return spellAs(secret && spelling === 'flag' ? `${kebab(key)}-file` : kebab(key), spelling);
}

function spellAs(name: string, spelling: Spelling): string {
  if (spelling === 'flag') return `--${name}`;
  return spelling === 'key' ? name : `TMPFLEET_${name.replaceAll('-', '_').toUpperCase()}`;
}
