// Every option of a node-agent: the one source of its flags, environment names, file keys and help.
import { cpus, hostname } from 'node:os';
import {
  controlTokenOption,
  fleetSecretOption,
  parseSecrets,
  serverOptions,
} from '../shared/config/common.ts';
import {
  address,
  bytes,
  type ConfigOf,
  choice,
  duration,
  flag,
  integer,
  type Kind,
  list,
  option,
  secret,
  text,
} from '../shared/config/option.ts';
import { FleetError } from '../shared/errors.ts';
import { corsOptions } from '../shared/http/cors.ts';
import { isLoopback } from '../shared/http/serving.ts';
import { NODE_ID } from '../shared/protocol/wire.ts';
import { isCronExpression } from '../shared/schedule.ts';
import { engineOptions } from './engine/engine-options.ts';
import { bookingKind } from './sizing/bookings.ts';

const cron: Kind<string> = {
  ...text('cron', 'a cron expression such as "0 4 * * *" (with seconds: six fields), or off'),
  schema: text('cron', '')
    .schema.transform((value) => (value === 'off' ? '' : value))
    .refine((value) => value === '' || isCronExpression(value)),
  format: (value) => (value === '' ? 'off' : value),
};

const warmCount: Kind<number> = {
  ...integer(0, 100_000),
  schema: text('', '')
    .schema.transform((value) => (value === 'all' ? Number.POSITIVE_INFINITY : Number(value)))
    .refine((value) => value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0)),
  expects: 'a whole number, or all',
  metavar: 'n|all',
  format: (value) => (value === Number.POSITIVE_INFINITY ? 'all' : value),
};

export const nodeAgentOptions = {
  ...serverOptions({ port: 8000, controlPort: 10000, dataDir: './tmpfleet-data/node-agent' }),
  nodeId: option(
    text('name', 'letters, digits, dot, dash and underscore, 63 at most', NODE_ID),
    hostname()
      .slice(0, 63)
      .replace(/[^a-zA-Z0-9._-]/g, '-')
      .replace(/^[^a-zA-Z0-9]+/, '') || 'node',
    'what this node is called; unique in the fleet',
  ),
  capacity: option(integer(1, 10_000), 10, 'slots: sandboxes at one time, of all kinds'),
  warm: option(
    warmCount,
    Number.POSITIVE_INFINITY,
    'sandboxes to keep ready; the rest of the capacity starts on demand',
  ),
  warmFollow: option(
    flag(),
    false,
    'let the number that is kept ready follow the arrivals: as many as come while one is started, never below --warm',
  ),
  warmMax: option(warmCount, Number.POSITIVE_INFINITY, 'the most that --warm-follow keeps ready'),
  book: option(
    bookingKind,
    [],
    'sandboxes to be ready by a time and for a while: "200 at 14:00 for 2h", or a cron expression for the time',
  ),
  concurrentStarts: option(
    integer(1, 256),
    Math.max(2, cpus().length),
    'sandboxes started at one time at most; fewer while starts grow slow or fail',
  ),
  minFreeMemory: option(
    bytes(),
    256 * 1024 ** 2,
    'no sandbox is started while this host has less memory available (0: never mind)',
  ),
  minFreeDisk: option(
    bytes(),
    512 * 1024 ** 2,
    'no sandbox is started while a disk of --data-dir or of the engine has less room (0: never mind)',
  ),
  startDeadline: option(duration(100), 60_000, 'a sandbox that has not answered by then is removed'),
  claimWait: option(duration(), 10_000, 'how long a reader waits for a start when none is warm'),
  lease: option(duration(1000), 300_000, 'a claimed sandbox that nobody has used by then is removed'),
  idle: option(duration(), 3_600_000, 'a sandbox without use for so long is removed (0: never)'),
  maxAge: option(duration(), 14_400_000, 'a sandbox claimed so long ago is removed, used or not (0: never)'),
  drainDeadline: option(
    duration(),
    14_400_000,
    'how long a drain leaves readers, unless the drain says otherwise',
  ),
  banner: option(
    flag(),
    true,
    "tell readers on their sandbox's pages how long is left, when it has a deadline",
  ),
  cullSchedule: option(cron, '*/5 * * * * *', 'when idle, old and unused sandboxes are looked for'),
  reapSchedule: option(cron, '*/3 * * * * *', 'when what the engine has is compared with what we know'),
  refreshSchedule: option(cron, '0 4 * * *', 'when a newer image is looked for, and rolled out'),
  frontUrl: option(
    address(),
    '',
    "the redirector's public address; full or leaving, we send readers back there",
  ),
  leaveGrace: option(
    duration(),
    3_000,
    'how long, when told to stop, readers who come are still sent back to the front, which learns of it meanwhile',
  ),
  secret: fleetSecretOption,
  requireTicket: option(flag(), false, 'serve only readers whom a redirector sent'),
  apiToken: secret(
    text('token', 'a token of at least 16 characters', /^\S{16,}$/),
    'asked of POST /api/spawn when set',
  ),
  controlToken: controlTokenOption,
  stallTimeout: option(
    duration(1000),
    600_000,
    'a connection on which nothing has moved for so long, in the midst of a request, is cut; WebSockets may be silent',
  ),
  landingPath: option(
    text('path', 'a path below a sandbox, such as tree or lab', /^[^?#\s]*$/),
    '',
    'where in the sandbox a reader who asked for / begins',
  ),
  claimPaths: option(
    list('names', 'first path segments, comma-separated', /^[A-Za-z0-9_-]+$/),
    ['notebooks', 'tree', 'files', 'lab', 'spawn'],
    'addresses (besides /) that give a reader a sandbox',
  ),
  title: option(
    text('text', 'a line of text'),
    'A live notebook',
    'what the launch page and link previews are headed',
  ),
  trustProxy: option(flag(), false, 'believe X-Forwarded-* headers (behind a TLS terminator of ours)'),
  ephemeral: option(
    flag(),
    false,
    'on stop, remove every sandbox too; and end, not try again, when the engine or the image is not there (demos and tests)',
  ),
  ...engineOptions,
  unsafeListen: option(
    flag(),
    false,
    'let the local engine, which isolates nothing, be reached from other machines',
  ),
  engine: option(
    choice(['auto', 'docker', 'local']),
    'auto',
    'what runs sandboxes; auto: Docker where it answers',
  ),
  ...corsOptions,
};

export type NodeAgentConfig = ConfigOf<typeof nodeAgentOptions>;

/**
 * What no single option can tell.
 * @throws FleetError `bad-config` that lists all that does not go together
 */
export function checkNodeAgentConfig(config: NodeAgentConfig): void {
  const problems: string[] = [];
  if (!isLoopback(config.controlHost) && config.controlToken === '') {
    problems.push(
      `control-host: ${JSON.stringify(config.controlHost)} can be reached from other machines, so set a control token (TMPFLEET_CONTROL_TOKEN or --control-token-file)`,
    );
  }
  if (config.requireTicket && config.secret === '') {
    problems.push(
      'require-ticket: tickets cannot be checked without the fleet secret (TMPFLEET_SECRET or --secret-file)',
    );
  }
  if (Number.isFinite(config.warm) && config.warm > config.capacity) {
    problems.push(`warm: ${config.warm} is more than the capacity, which is ${config.capacity}`);
  }
  if (config.warmFollow && config.warm === Number.POSITIVE_INFINITY) {
    problems.push('warm-follow: all are kept ready anyway; give --warm, the least that is to be ready');
  }
  if (config.warmFollow && config.warmMax < config.warm) {
    problems.push(`warm-max: ${config.warmMax} is less than --warm, which is ${config.warm}`);
  }
  for (const { count } of config.book) {
    if (count > config.capacity)
      problems.push(`book: ${count} is more than the capacity, which is ${config.capacity}`);
  }
  if (problems.length > 0) {
    throw new FleetError('bad-config', `the configuration does not go together:\n  ${problems.join('\n  ')}`);
  }
  parseSecrets(config.secret);
}

/**
 * The local engine isolates nothing: it may be reached from here only, unless that is asked for by name.
 * @throws FleetError `bad-config`
 */
export function checkLocalListens(config: Pick<NodeAgentConfig, 'host' | 'unsafeListen'>): void {
  if (isLoopback(config.host) || config.unsafeListen) return;
  throw new FleetError(
    'bad-config',
    `host: the local engine does not isolate sandboxes, so it will not listen on ${config.host}: whoever reaches it runs programs as you`,
    { remedy: 'use --host 127.0.0.1, or --engine docker, or --unsafe-listen if you are sure' },
  );
}
