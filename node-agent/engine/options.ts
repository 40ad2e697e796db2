// Options that all engines understand.
import { inGroup, list, option, text } from '../../shared/config/option.ts';
import { primeOptions } from './prime-options.ts';

export const commonEngineOptions = {
  ...inGroup('Sandboxes', {
    command: {
      ...option(
        text('shell command', 'a command line'),
        '',
        'command line of a sandbox; {base_path}, {port}, {ip} and {token} are replaced by its values',
      ),
      whenUnset: 'a Jupyter server',
    },
    extraEnv: {
      ...option(
        list('name=value', 'NAME=value pairs, comma-separated', /^[A-Za-z_][A-Za-z0-9_]*=/),
        [],
        'environment variables of every sandbox; readers can see them, so they must not be secret',
      ),
      whenUnset: 'none',
    },
  }),
  ...primeOptions,
};

/** `NAME=value` pairs as a record; of two with the same name, the later one counts. */
export function environmentOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
