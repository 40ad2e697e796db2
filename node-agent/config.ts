// All options of the node-agent; flags, environment names, file keys, help and reference are derived from this table.
import { cpus, hostname } from 'node:os';
import { brandOptions } from '../shared/brand/read-brand.ts';
import { fleetSecretOption, previewOptions, serverOptions } from '../shared/config/common.ts';
import {
  address,
  bytes,
  type ConfigOf,
  duration,
  flag,
  inGroup,
  integer,
  type Kind,
  list,
  live,
  option,
  percentage,
  secret,
  text,
} from '../shared/config/option.ts';
import { corsOptions } from '../shared/http/cors.ts';
import { embedOptions } from '../shared/http/embedding.ts';
import { clientAddressOptions } from '../shared/limits/client-address.ts';
import { limitOptions } from '../shared/limits/limit-options.ts';
import { lineOptions } from '../shared/line/options.ts';
import { NODE_ID } from '../shared/protocol/wire.ts';
import { isCronExpression } from '../shared/schedule.ts';
import { tlsOptions } from '../shared/tls/options.ts';
import { tracingOptions } from '../shared/tracing/options.ts';
import { engineOptions } from './engine/engine-options.ts';
import { bookingKind } from './sizing/bookings.ts';

const cron: Kind<string> = {
  ...text('cron', 'a cron expression such as "0 4 * * *" (with seconds: six fields), or off'),
  schema: text('cron', '')
    .schema.transform((value) => (value === 'off' ? '' : value))
    .refine((value) => value === '' || isCronExpression(value)),
  format: (value) => (value === '' ? 'off' : value),
};

/** A DNS name, whose last label is no number, or it would be an IP address; with a port if need be. */
const sandboxDomain: Kind<string> = {
  ...text(
    'name[:port]',
    'a host name such as node7.example.org, with a port where readers need one',
    /^(?:(?=[^:]{1,189}(?::|$))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[1-9]\d{0,4})?)?$/i,
  ),
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

const share: Kind<string> = {
  ...text('n', 'a whole number, a share such as 75%, or 0 for no limit', /^(?:\d{1,6}|[1-9]\d?%|100%)$/),
  metavar: 'n|share',
};

const server = serverOptions({ port: 8000, controlPort: 10000, dataDir: './tmpfleet-data/node-agent' });

const readerOptions = inGroup('Readers', {
  ...server.readers,
  frontUrl: {
    ...option(
      address(),
      '',
      'public address of the redirector; a full or draining node sends its new readers back there',
    ),
    whenUnset: 'such readers get an error page',
  },
  claimPaths: option(
    list('names', 'first path segments, comma-separated', /^[A-Za-z0-9_-]+$/),
    ['notebooks', 'tree', 'files', 'lab', 'doc', 'spawn'],
    'first path segments that give a reader a sandbox; / always does',
  ),
  landingPath: {
    ...option(
      text('path', 'a path below a sandbox, such as tree or lab', /^[^?#\s]*$/),
      '',
      'path in the sandbox to which a reader of / is sent, such as tree or lab',
    ),
    whenUnset: 'the start page of the sandbox',
  },
  ...previewOptions,
  ...brandOptions,
  companion: option(
    flag(),
    true,
    'add a small script to the pages of a sandbox that warns its reader before it ends, lets them keep it, and says why it ended',
  ),
  staticCacheBytes: option(
    bytes(),
    64 * 1024 ** 2,
    'memory for static files of the image, such as the scripts of Jupyter, that readers then get from this node without their sandboxes being asked (0: none)',
  ),
  beaconSample: option(
    percentage(),
    0.1,
    'part of the readers whose browsers are asked how long it took from the click until the page was there (0: none); needs the companion',
  ),
  claimWaitMs: live(
    option(duration(), 10_000, 'longest time a reader waits for a sandbox to start when none is warm'),
  ),
  stallTimeoutMs: option(
    duration(1000),
    600_000,
    'close a connection on which a request makes no progress for this long; WebSockets may be silent',
  ),
  responseTimeoutMs: option(
    duration(),
    600_000,
    'longest time a sandbox may take to begin an answer (0: no limit); one that has begun may take as long as it makes progress',
  ),
  sandboxKeepAliveMs: option(
    duration(1000),
    15_000,
    'keep a connection to a sandbox on which nothing happens for this long at most; shorter than its server does',
  ),
  shutdownGraceMs: option(
    duration(),
    3_000,
    'on shutdown, keep redirecting new readers to the front for this long, so that it can stop sending more',
  ),
  ...clientAddressOptions,
});

const poolOptions = inGroup('Pool', {
  nodeId: option(
    text('name', 'up to 63 letters, digits, dots, dashes and underscores', NODE_ID),
    hostname()
      .slice(0, 63)
      .replace(/[^a-zA-Z0-9._-]/g, '-')
      .replace(/^[^a-zA-Z0-9]+/, '') || 'node',
    'name of this node, unique in the fleet; the default is the host name',
  ),
  capacity: live(option(integer(1, 10_000), 10, 'slots: highest number of sandboxes, in any state')),
  warm: live(
    option(
      warmCount,
      Number.POSITIVE_INFINITY,
      'sandboxes to keep ready; the other slots are filled on demand',
    ),
  ),
  warmFollow: live(
    option(
      flag(),
      false,
      'keep ready as many sandboxes as readers arrive during one start, and at least --warm',
    ),
  ),
  warmMax: live(option(warmCount, Number.POSITIVE_INFINITY, 'highest number that --warm-follow keeps ready')),
  book: {
    ...option(
      bookingKind,
      [],
      'sandboxes to have ready from a time on, such as "200 at 14:00 for 2h"; a cron expression may replace the time',
    ),
    whenUnset: 'none',
  },
  concurrentStarts: option(
    integer(1, 256),
    Math.max(2, cpus().length),
    'highest number of sandboxes starting at the same time; lowered while starts are slow or fail',
  ),
  startTimeoutMs: option(
    duration(100),
    60_000,
    'longest time a sandbox may take to answer after its start; then it is removed',
  ),
  minFreeMemoryBytes: live(
    option(
      bytes(),
      256 * 1024 ** 2,
      'start no sandbox while less memory than this is available on the host (0: no limit)',
    ),
  ),
  minFreeDiskBytes: live(
    option(
      bytes(),
      512 * 1024 ** 2,
      'start no sandbox while less space than this is free for --data-dir or for the engine (0: no limit)',
    ),
  ),
  refreshSchedule: option(cron, '0 4 * * *', 'when to look for a newer image and roll it out'),
  refreshSpreadMs: option(
    duration(),
    1_800_000,
    'spread the nodes of a fleet over this long after each time of --refresh-schedule: each node waits a part of it that follows from its node id (0: no wait)',
  ),
  cullIntervalMs: option(
    duration(100),
    5_000,
    'time between two searches for idle, old and unused sandboxes',
  ),
  reapIntervalMs: option(
    duration(100),
    3_000,
    'how often to compare the sandboxes of the engine with those on record',
  ),
});

const lifetimeOptions = inGroup('Sandboxes', {
  leaseMs: live(
    option(duration(1000), 300_000, 'remove a claimed sandbox that its reader has not used by then'),
  ),
  idleMs: live(
    option(
      duration(),
      3_600_000,
      'remove a sandbox that has not been used for this long (0: never); a page that only polls is not use',
    ),
  ),
  freezeAfterMs: live(
    option(
      duration(),
      0,
      'stop the processes of a sandbox that has not been used for this long, until its reader comes back; its memory goes to swap where the host has some (0: never)',
    ),
  ),
  keepBusy: live(
    option(
      flag(),
      true,
      'do not take a sandbox for unused while a Jupyter kernel in it runs a cell; --max-age ends it all the same',
    ),
  ),
  maxAgeMs: option(
    duration(),
    14_400_000,
    'remove a sandbox this long after it was claimed, used or not (0: never)',
  ),
  drainDeadlineMs: live(
    option(
      duration(),
      14_400_000,
      'time that a drain leaves readers to finish, unless the drain itself gives another',
    ),
  ),
});

const securityOptions = inGroup('Security', {
  nodeKey: {
    ...secret(
      text('key', 'what tmpfleet node key prints; during a rotation NEW,OLD', /^\S*$/),
      'key of this node, made from the secret of the fleet; for its tickets, and to verify orders of the front',
    ),
    live: 'once set',
    whenUnset: 'no tickets, and no orders from the front',
  },
  secret: {
    ...fleetSecretOption,
    help: 'secret of the fleet, from which this node then makes its node key; a secret on a node lets an intruder there command the whole fleet, so use --node-key-file',
    whenUnset: 'the node key is used',
  },
  requireTicket: option(
    flag(),
    false,
    'serve only readers with a ticket of a redirector; requires a node key',
  ),
  apiToken: {
    ...secret(
      text('token', 'at least 16 characters without spaces', /^\S{16,}$/),
      'token that POST /api/spawn must carry; it also closes the pages for people, unless --open-pages is given',
    ),
    whenUnset: 'no token is required',
  },
  openPages: option(
    flag(),
    false,
    'with an API token: give sandboxes to people who open a page too; without it, only to programs with the token',
  ),
  sandboxDomain: {
    ...option(
      sandboxDomain,
      '',
      'give each sandbox a host name of its own below this name, and so an origin of its own; requires a wildcard DNS record and certificate, see docs/security.md',
    ),
    whenUnset: 'all sandboxes share the name of the node',
  },
  openUrls: option(
    flag(),
    false,
    'as in tmpnb, let everybody who has the address of a sandbox use it; then a link to one sandbox can take over the sandbox of the reader who opens it',
  ),
  unsafeListen: option(
    flag(),
    false,
    'let other machines reach sandboxes of the local engine, which isolates nothing',
  ),
});

const nodeLimitOptions = inGroup('Limits', {
  ...limitOptions,
  clientSandboxes: live(
    option(
      share,
      '75%',
      'highest number of sandboxes of one client on this node, or its share of the capacity (0: no limit)',
    ),
  ),
  sandboxWebsockets: option(
    integer(0, 1_000_000),
    100,
    'highest number of WebSockets of one sandbox (0: no limit)',
  ),
  saveSizeBytes: option(
    bytes(1024),
    2 * 1024 ** 3,
    'highest size of the files of a sandbox that can be saved as one archive, before it is compressed',
  ),
  // yazl looks through all entries for each: 20,000 cost 4 s of processor time, 50,000 cost 25 s.
  saveFiles: option(integer(1, 100_000), 20_000, 'highest number of files in such an archive'),
  saveTimeoutMs: option(
    duration(1000),
    1_800_000,
    'longest time that such an archive may take, until its reader has it',
  ),
  concurrentSaves: option(
    integer(1, 256),
    4,
    'highest number of such archives that are sent at the same time, of one client half of them; others wait for their turn',
  ),
  clientWebsockets: option(
    integer(0, 1_000_000),
    2_000,
    'highest number of WebSockets of one client (0: no limit)',
  ),
});

export const nodeAgentOptions = {
  ...readerOptions,
  ...poolOptions,
  ...lifetimeOptions,
  ...engineOptions,
  ...securityOptions,
  ...tlsOptions,
  ...lineOptions,
  ...nodeLimitOptions,
  ...embedOptions,
  ...corsOptions,
  ...server.control,
  ...server.process,
  ...tracingOptions,
};

export type NodeAgentConfig = ConfigOf<typeof nodeAgentOptions>;
