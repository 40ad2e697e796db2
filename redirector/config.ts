// All options of the redirector; flags, environment names, file keys, help and reference are derived from this table.
import { arrivalsLogProblems } from '../shared/arrivals-log.ts';
import { brandOptions, brandProblems } from '../shared/brand/read-brand.ts';
import { fleetSecretOption, previewOptions, serverOptions } from '../shared/config/common.ts';
import { throwIfAny } from '../shared/config/load.ts';
import {
  type ConfigOf,
  decimal,
  duration,
  inGroup,
  integer,
  list,
  live,
  option,
  percentage,
  secret,
  text,
} from '../shared/config/option.ts';
import { describeError } from '../shared/errors.ts';
import { controlListenerProblems } from '../shared/http/control-guard.ts';
import { corsOptions } from '../shared/http/cors.ts';
import { embedOptions } from '../shared/http/embedding.ts';
import { clientAddressOptions, clientAddressProblems } from '../shared/limits/client-address.ts';
import { limitOptions } from '../shared/limits/limit-options.ts';
import { lineOptions } from '../shared/line/options.ts';
import { NODE_ID, normalizeNodeUrl } from '../shared/protocol/wire.ts';
import { tlsOptions, tlsProblems } from '../shared/tls/options.ts';
import { tracingOptions, tracingProblems } from '../shared/tracing/options.ts';
import { webhookOptions, webhookProblems } from './webhook-options.ts';

const REDIS_URL = /^$|^rediss?:\/\/([^@/\s]*@)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?(\/\d{0,4})?$/;
/** Least time between two visits of the canary. */
const MIN_CANARY_MS = 1_000;
const WITH_PASSWORD = /^rediss?:\/\/[^@]*:[^@]*@/;

const server = serverOptions({ port: 9000, controlPort: 9001, dataDir: './tmpfleet-data/redirector' });

const readerOptions = inGroup('Readers', {
  ...server.readers,
  ...previewOptions,
  ...brandOptions,
  holdForMs: live(
    option(
      duration(),
      3_000,
      'longest time to hold a reader while no node has room and all are polled again (0: refuse at once)',
    ),
  ),
  pendingPerClient: option(
    integer(0, 1_000_000),
    100,
    'readers of one client (IPv4 address, or IPv6 /64) that count as on their way within 10 s; more are sent, but ' +
      'reserve nothing (0: no bound)',
  ),
  retryAfterMs: option(duration(1000), 5_000, 'time after which a refused reader is asked to try again'),
  ...clientAddressOptions,
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
  pollIntervalMs: option(duration(100), 2_000, 'time between two polls of a node, give or take 20 %'),
  pollTimeoutMs: option(duration(50), 2_000, 'longest time a node may take to answer a poll'),
  canaryEveryMs: option(
    duration(),
    0,
    'how often the front goes the whole way of a reader through each node, from the claim to the first output (0: never)',
  ),
  unreachableIntervalMs: option(
    duration(100),
    10_000,
    'time between two polls of a node that does not answer',
  ),
});

const proofOption = inGroup('Limits', {
  proofOfWorkBelow: live(
    option(
      percentage(),
      0,
      'ask new readers for a proof of work while less than this part of the fleet is free (0: never)',
    ),
  ),
});

export const redirectorOptions = {
  ...readerOptions,
  ...nodeOptions,
  ...inGroup('Security', { secret: fleetSecretOption }),
  ...tlsOptions,
  ...lineOptions,
  ...limitOptions,
  ...proofOption,
  ...embedOptions,
  ...corsOptions,
  ...webhookOptions,
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
  ...tracingOptions,
};

export type RedirectorConfig = ConfigOf<typeof redirectorOptions>;

/**
 * Checks what no single option can: options that depend on each other.
 * @throws FleetError `bad-config` that lists every problem
 */
export function checkRedirectorConfig(config: RedirectorConfig): void {
  const problems = [
    ...controlListenerProblems(config),
    ...clientAddressProblems(config),
    ...brandProblems(config),
    ...tlsProblems(config),
    ...tracingProblems(config),
    ...arrivalsLogProblems(config),
    ...webhookProblems(config),
  ];
  if (WITH_PASSWORD.test(config.registry)) {
    // The value is not repeated: it already shows in `ps` and need not be in a log too.
    problems.push(
      'registry: a password in its address would show in ps; use --registry-password-file or TMPFLEET_REGISTRY_PASSWORD',
    );
  }
  if (config.proofOfWorkBelow > 0 && config.secret === '') {
    problems.push(
      'proof-of-work-below: without a secret readers could ask the nodes themselves, and need no proof; give --secret-file, and --require-ticket to the nodes',
    );
  }
  if (config.canaryEveryMs > 0 && config.canaryEveryMs < MIN_CANARY_MS) {
    problems.push(
      `canary-every: invalid value ${JSON.stringify(`${config.canaryEveryMs}ms`)}; expected 0, or ${MIN_CANARY_MS / 1_000}s or more: each visit costs a start`,
    );
  }
  if (config.canaryEveryMs > 0 && config.secret === '') {
    problems.push(
      'canary-every: without a secret a node could not tell the canary from a reader; give --secret-file, and its key to each node',
    );
  }
  for (const url of config.nodes) {
    try {
      normalizeNodeUrl(url);
    } catch (error) {
      problems.push(`nodes: invalid value ${JSON.stringify(url)}; ${describeError(error)}`);
    }
  }
  throwIfAny(problems);
}
