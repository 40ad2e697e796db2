// The options that both programs have, named alike.
import { FleetError } from '../errors.ts';
import { LOG_LEVELS } from '../logging.ts';
import { choice, type Option, option, port, secret, text } from './option.ts';

export interface ServerDefaults {
  readonly port: number;
  readonly controlPort: number;
  readonly dataDir: string;
}

/** Where a program listens, keeps its files and how it logs. */
export function serverOptions(defaults: ServerDefaults) {
  const host = text('host', 'an address or a host name', /^[A-Za-z0-9.:_-]+$/);
  return {
    host: option(host, '0.0.0.0', 'address readers reach us on'),
    port: option(port(), defaults.port, 'port readers reach us on'),
    controlHost: option(
      host,
      '127.0.0.1',
      'address of the control listener; beyond loopback it asks for a token',
    ),
    controlPort: option(port(), defaults.controlPort, 'port of the control listener'),
    dataDir: option(text('dir', 'a directory'), defaults.dataDir, 'where state is kept across restarts'),
    logLevel: option(choice(LOG_LEVELS), 'info', 'how much is logged'),
    logFormat: option(
      choice(['auto', 'json', 'pretty']),
      'auto',
      'auto is pretty on a terminal and JSON elsewhere',
    ),
  };
}

/** At least 128 bits, if it was made as the remedy says. */
const SECRET = /^[^\s,]{16,}(,[^\s,]{16,})*$/;

export const fleetSecretOption: Option<string> = secret(
  text(
    'secret',
    'at least 16 characters without spaces; two, comma-separated, while rotating. Try: openssl rand -hex 32',
    SECRET,
  ),
  "the fleet's shared secret: signs the tickets between redirectors and nodes (none: no tickets)",
);

export const controlTokenOption: Option<string> = secret(
  text('token', 'at least 16 characters without spaces. Try: openssl rand -hex 32', /^\S{16,}$/),
  'asked of every caller of the control listener when set',
);

/** `current,previous`: the first signs, all verify. */
export function parseSecrets(value: string): readonly string[] {
  if (value === '') return [];
  if (!SECRET.test(value)) throw new FleetError('bad-config', 'secret: each must be at least 16 characters');
  return value.split(',');
}
