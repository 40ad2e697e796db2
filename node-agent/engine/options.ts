// Options that all engines understand.
import { flag, inGroup, list, live, option, text } from '../../shared/config/option.ts';
import { primeOptions } from './prime-options.ts';

export const commonEngineOptions = {
  ...inGroup('Sandboxes', {
    command: {
      ...live(
        option(
          text('shell command', 'a command line'),
          '',
          'command line of a sandbox; {base_path}, {port}, {ip} and {token} are replaced by its values; scratchpad is a small program of ours, for the local engine',
        ),
      ),
      whenUnset: 'a Jupyter server',
    },
    stripPrefix: option(
      flag(),
      false,
      'for a program that does not know its base path: it gets paths without /user/<id>, and its redirects and cookies are led back; links from its root need --sandbox-domain',
    ),
    probePath: {
      ...option(
        text('path', 'a path below a sandbox, such as health', /^[^?#\s]*$/),
        '',
        'path in a sandbox whose answer shows that it is ready',
      ),
      whenUnset: 'its base path',
    },
    preloadPage: option(
      flag(),
      true,
      'open the landing page of a sandbox once before it counts as ready, so that no reader waits for what a server loads at its first page',
    ),
    extraEnv: {
      ...live(
        option(
          list('name=value', 'NAME=value pairs, comma-separated', /^[A-Za-z_][A-Za-z0-9_]*=/),
          [],
          'environment variables of every sandbox; readers can see them, so they must not be secret',
        ),
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
