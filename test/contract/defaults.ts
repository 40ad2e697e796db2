// A configuration of defaults only.
import type { ConfigOf, Options } from '../../shared/config/option.ts';
import { createLogger } from '../../shared/logging.ts';

export function defaultsOf<O extends Options>(options: O): ConfigOf<O> {
  const entries = Object.entries(options).map(([name, { default: value }]) => [name, value]);
  // Built key by key from the options that define the type.
  return Object.fromEntries(entries) as ConfigOf<O>;
}

export const silentLogger = createLogger({ name: 'test', level: 'silent', format: 'json' });
