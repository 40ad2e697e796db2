// Every option of a redirector: the one source of its flags, environment names, file keys and help.
import {
  controlTokenOption,
  fleetSecretOption,
  parseSecrets,
  serverOptions,
} from '../shared/config/common.ts';
import {
  type ConfigOf,
  decimal,
  duration,
  integer,
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

export const redirectorOptions = {
  ...serverOptions({ port: 9000, controlPort: 9001, dataDir: './tmpfleet-data/redirector' }),
  redirectorId: option(
    text('name', 'letters, digits, dot, dash and underscore, 63 at most', new RegExp(`^$|${NODE_ID.source}`)),
    '',
    'what this redirector is called in tickets (none: a name made up at each start)',
  ),
  nodes: option(
    list('urls', "nodes' addresses, comma-separated", /^https?:\/\/\S+$/),
    [],
    'nodes to add to the registry at the start, beside those it has',
  ),
  registry: option(
    text('redis url', 'such as redis://redis.example.org:6379/0, without a password', REDIS_URL),
    '',
    'a Redis (6 or newer) in which several redirectors share which nodes there are (none: a file in --data-dir)',
  ),
  registryPassword: secret(
    text('password', 'one line', /^[^\r\n]*$/),
    'what that Redis asks for (none: nothing)',
  ),
  pollInterval: option(duration(100), 2_000, 'how often each node is asked for its report, ± 20 %'),
  pollTimeout: option(duration(50), 2_000, 'how long a node may take to report'),
  unreachableInterval: option(duration(100), 10_000, 'how often a node that does not answer is asked'),
  workers: option(
    integer(1, 64),
    1,
    'processes that answer readers, on one port; each polls the nodes and keeps a view of its own',
  ),
  accessLogSample: option(
    decimal(0, 1),
    0,
    'the share of redirects that are logged: 0.01 is one in a hundred (0: none)',
  ),
  holdFor: option(
    duration(),
    3_000,
    'how long a reader for whom there seems to be no room is held at most while all nodes are asked again (0: refused at once)',
  ),
  retryAfter: option(duration(1000), 5_000, 'when a reader who found no room is asked to try again'),
  secret: fleetSecretOption,
  controlToken: controlTokenOption,
  ...corsOptions,
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
