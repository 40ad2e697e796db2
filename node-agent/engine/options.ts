// Options that both engines understand.
import { list, option, text } from '../../shared/config/option.ts';

export const commonEngineOptions = {
  command: option(
    text('shell command', 'a command line; {base_path}, {port}, {ip} and {token} are filled in'),
    '',
    "what a sandbox runs, in place of Jupyter's own command line",
  ),
  extraEnv: option(
    list('name=value', 'NAME=value pairs, comma-separated', /^[A-Za-z_][A-Za-z0-9_]*=/),
    [],
    'environment given to every sandbox; its readers can read it, so nothing secret',
  ),
};

/** `NAME=value` pairs as a record; a later one wins. */
export function environmentOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
