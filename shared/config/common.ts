// The options that both programs have, under the same names.
import { FleetError } from '../errors.ts';
import { LOG_LEVELS } from '../logging.ts';
import { choice, duration, inGroup, live, type Option, option, port, secret, text } from './option.ts';

export interface ServerDefaults {
  readonly port: number;
  readonly controlPort: number;
  readonly dataDir: string;
}

/** At least 128 bits, if made as the remedy says. */
const SECRET = /^[^\s,]{16,}(,[^\s,]{16,})*$/;

const TOKEN_EXPECTS = 'at least 16 characters without spaces, for example from: openssl rand -hex 32';

export const fleetSecretOption: Option<string> = {
  ...secret(
    text('secret', `${TOKEN_EXPECTS}; during a rotation NEW,OLD`, SECRET),
    'secret of the fleet, the same at every front; the keys of tickets, orders and nodes are made from it',
  ),
  group: 'Security',
  live: 'once set',
  whenUnset: 'no tickets, and no orders from the front',
};

export const controlTokenOption: Option<string> = {
  ...secret(
    text('token', TOKEN_EXPECTS, /^\S{16,}$/),
    'token that every request to the control listener must carry',
  ),
  whenUnset: 'no token is required',
};

/** An address that everybody can load: link previews are made by other people's servers. */
const imageAddress = text(
  'url',
  'an https:// or http:// address such as https://www.example-journal.org/figure.png',
  /^$|^https?:\/\/[^\s/]+\/\S*$/,
);

/** Of the launch page, which is also what link previews show. */
export const previewOptions = {
  title: {
    ...live(option(text('text', 'a line of text'), '', 'heading of the launch page and of link previews')),
    whenUnset: '"A live notebook", in the language of the reader',
  },
  description: {
    ...live(
      option(
        text('text', 'a line of text'),
        '',
        'what the launch page and link previews say below the heading',
      ),
    ),
    whenUnset: 'a sentence on what a click does, in the language of the reader',
  },
  previewImage: {
    ...live(option(imageAddress, '', 'address of a picture that link previews show')),
    whenUnset: 'none',
  },
};

/** Address, data directory and logging of a program; in three groups, so that each program can order its help. */
export function serverOptions(defaults: ServerDefaults) {
  const host = text('host', 'an IP address or a host name', /^[A-Za-z0-9.:_-]+$/);
  return {
    readers: inGroup('Readers', {
      host: option(host, '0.0.0.0', 'address on which to listen for readers'),
      port: option(port(), defaults.port, 'port on which to listen for readers (0 picks a free one)'),
      keepAliveTimeoutMs: option(
        duration(1000),
        65_000,
        'keep a connection of readers on which nothing happens for this long; longer than a load balancer in front does, or it meets closed ones',
      ),
    }),
    control: inGroup('Control', {
      controlHost: option(
        host,
        '127.0.0.1',
        'address of the control listener; any other than loopback requires a control token',
      ),
      controlPort: option(port(), defaults.controlPort, 'port of the control listener (0 picks a free one)'),
      controlToken: controlTokenOption,
    }),
    process: inGroup('State and logging', {
      dataDir: option(
        text('dir', 'a directory'),
        defaults.dataDir,
        'directory for state that must survive a restart; created if it does not exist',
      ),
      logLevel: option(choice(LOG_LEVELS), 'info', 'least severe level that is logged'),
      logFormat: option(
        choice(['auto', 'json', 'pretty']),
        'auto',
        'format of the log; auto is pretty on a terminal and JSON elsewhere',
      ),
      arrivalsLog: {
        ...live(
          option(
            text('file', 'a file'),
            '',
            'append a line for each click and each POST /api/spawn, without anything about who asks, which tmpfleet load can replay',
          ),
        ),
        whenUnset: 'none',
      },
    }),
  };
}

/** Splits `NEW,OLD`: the first secret signs, each verifies. */
export function parseSecrets(value: string): readonly string[] {
  if (value === '') return [];
  if (!SECRET.test(value)) throw new FleetError('bad-config', 'secret: each must be at least 16 characters');
  return value.split(',');
}
