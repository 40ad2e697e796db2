// Every option of a redirector: the one source of its flags, environment names, file keys and help.
import { fleetSecretOption, parseSecrets, serverOptions } from '../shared/config/common.ts';
import {
  type ConfigOf,
  decimal,
  duration,
  inGroup,
  list,
  option,
  secret,
  text,
} from '../shared/config/option.ts';
import { describeError, FleetError } from '../shared/errors.ts';
import { corsOptions } from '../shared/http/cors.ts';
import { isLoopback } from '../shared/http/serving.ts';
import { NODE_ID, normalizeNodeUrl } from '../shared/protocol/wire.ts';

const REDIS_URL = /^$|^rediss?:\/\/([^@/\s]*@)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?(\/\d{0,4})?$/;
const WITH_PASSWORD = /^rediss?:\/\/[^@]*:[^@]*@/;

const server = serverOptions({ port: 9000, controlPort: 9001, dataDir: './tmpfleet-data/redirector' });

const readerOptions = inGroup('Readers', {
  ...server.readers,
  holdFor: option(
    duration(),
    3_000,
    'longest time to hold a reader while no node has room and all are polled again (0: refuse at once)',
  ),
  retryAfter: option(duration(1000), 5_000, 'time after which a refused reader is asked to try again'),
});

const nodeOptions = inGroup('Nodes', {
  nodes: {
    ...option(
      list('urls', 'http:// or https:// addresses of nodes, comma-separated', /^https?:\/\/\S+$/),
      [],
      'public addresses of nodes to add to the registry at the start',
    ),
    whenUnset: 'none',
  },
  registry: {
    ...option(
      text('redis url', 'an address such as redis://redis.example.org:6379/0, without a password', REDIS_URL),
      '',
      'Redis (6 or newer) in which several redirectors share the registry of nodes',
    ),
    whenUnset: 'a file in --data-dir',
  },
  registryPassword: {
    ...secret(text('password', 'one line', /^[^\r\n]*$/), 'password of that Redis'),
    whenUnset: 'none',
  },
  pollInterval: option(duration(100), 2_000, 'time between two polls of a node, ± 20 %'),
  pollTimeout: option(duration(50), 2_000, 'longest time a node may take to answer a poll'),
  unreachableInterval: option(duration(100), 10_000, 'time between two polls of a node that does not answer'),
});

export const redirectorOptions = {
  ...readerOptions,
  ...nodeOptions,
  ...inGroup('Security', { secret: fleetSecretOption }),
  ...corsOptions,
  ...server.control,
  ...server.process,
  ...inGroup('State and logging', {
    redirectorId: {
      ...option(
        text(
          'name',
          'up to 63 letters, digits, dots, dashes and underscores',
          new RegExp(`^$|${NODE_ID.source}`),
        ),
        '',
        'name of this redirector in tickets and in the audit trail',
      ),
      whenUnset: 'a new random name at each start',
    },
    accessLogSample: option(
      decimal(0, 1),
      0,
      'fraction of redirects to log: 0.01 logs one in a hundred (0: none)',
    ),
  }),
};

export type RedirectorConfig = ConfigOf<typeof redirectorOptions>;

/**
 * What no single option can tell.
 * @throws FleetError `bad-config`
 */
export function checkRedirectorConfig(config: RedirectorConfig): void {
  if (!isLoopback(config.controlHost) && config.controlToken === '') {
    throw new FleetError(
      'bad-config',
      `control-host: ${JSON.stringify(config.controlHost)} can be reached from other machines, so set a control token (TMPFLEET_CONTROL_TOKEN or --control-token-file)`,
    );
  }
  parseSecrets(config.secret);
  if (WITH_PASSWORD.test(config.registry)) {
    // Its value is not repeated: what shows in `ps` already need not be in a log too.
    throw new FleetError('bad-config', 'registry: a password in its address would show in ps', {
      remedy: 'give it by --registry-password-file, or by TMPFLEET_REGISTRY_PASSWORD',
    });
  }
  for (const url of config.nodes) {
    try {
      normalizeNodeUrl(url);
    } catch (cause) {
      throw new FleetError('bad-config', `nodes: ${JSON.stringify(url)}: ${describeError(cause)}`, { cause });
    }
  }
}
