// Options of the Docker engine: its address, the image to run, and what a sandbox may use and reach.
import {
  bytes,
  type ConfigOf,
  choice,
  closedFile,
  decimal,
  flag,
  inGroup,
  integer,
  type Kind,
  list,
  live,
  option,
  port,
  text,
} from '../../../shared/config/option.ts';
import { commonEngineOptions } from '../options.ts';
import { normalizeCidr } from './network/cidr.ts';
import { userIdRange } from './user-id-range.ts';

const REFERENCE = /^[a-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?$/;
const DOCKER_HOST = /^$|^unix:\/\/\/.+$|^(tcp|https?):\/\/[^/?#\s]+$/;

const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`);

const cidrs: Kind<readonly string[]> = {
  ...list('cidrs', 'IPv4 ranges such as 198.18.7.0/24, comma-separated', /./),
  schema: list('', '', /./).schema.transform((ranges, context) =>
    ranges.map((range) => {
      const normalized = normalizeCidr(range);
      if (normalized === undefined)
        context.addIssue({ code: 'custom', message: `${JSON.stringify(range)} is not an IPv4 range` });
      return normalized ?? range;
    }),
  ),
};

const sandboxOptions = inGroup('Sandboxes', {
  image: live(
    option(
      text('image', 'an image such as quay.io/jupyter/base-notebook:latest', REFERENCE),
      'quay.io/jupyter/base-notebook:latest',
      'image from which sandboxes are created',
    ),
  ),
  pull: option(
    choice(['missing', 'always', 'never']),
    'missing',
    'when to pull the image at the start; never also applies to --refresh-schedule',
  ),
  registryAuth: {
    ...live(
      closedFile(
        option(
          text('file', 'a JSON file'),
          '',
          "file with credentials for pulls of private images, in the form of Docker's config.json; read at each pull, and other users must not be able to read it",
        ),
      ),
    ),
    whenUnset: 'images are pulled without credentials',
  },
  sandboxPort: option(
    { ...port(), ...integer(1, 65535, 'port') },
    8888,
    'port on which the server in a sandbox listens',
  ),
  sandboxUser: {
    ...option(
      text('uid[:gid]', 'a user id other than 0, such as 1000 or 1000:100', /^$|^[1-9]\d*(:\d+)?$/),
      '',
      'user as which sandboxes run',
    ),
    whenUnset: 'the user of the image, or 1000:1000 where that is root',
  },
  uidRange: option(
    userIdRange,
    'off',
    'give each sandbox a user id of its own from this range, so that none can use up what the kernel counts per user',
  ),
  sandboxHome: option(
    text('dir', 'an absolute path', /^\/[^:,\s]+$/),
    '/home/jovyan',
    'home directory in a sandbox: writable, in memory, empty at the start',
  ),
  homeSizeBytes: live(
    option(bytes(1024 ** 2), 256 * 1024 ** 2, 'largest size of the home directory; counts as memory'),
  ),
  memoryBytes: live(option(bytes(16 * 1024 ** 2), 512 * 1024 ** 2, 'memory of one sandbox; it gets no swap')),
  cpus: live(option(decimal(0.01, 1024), 1, 'processor cores that one sandbox may use')),
  pidsLimit: live(option(integer(8, 1_000_000), 256, 'processes and threads that one sandbox may have')),
  diskReadRateBytes: option(
    bytes(),
    128 * 1024 ** 2,
    "bytes a second that one sandbox may read from the disk of Docker's data; 0 for no limit",
  ),
  diskWriteRateBytes: option(
    bytes(),
    16 * 1024 ** 2,
    "bytes a second that one sandbox may write to the disk of Docker's data; 0 for no limit",
  ),
  containerOptions: {
    ...option(
      text('file', 'a YAML or JSON file'),
      '',
      'YAML or JSON file with further options of containers, such as mounts of data sets, ulimits or labels; see docs/operations.md',
    ),
    whenUnset: 'none',
  },
});

const connectionOptions = inGroup('Engine', {
  dockerHost: {
    ...option(
      text('url', 'unix:///path, tcp://host:port, http://host:port or https://host:port', DOCKER_HOST),
      '',
      'address of the Docker engine, which must run on this host',
    ),
    whenUnset: 'DOCKER_HOST, else unix:///var/run/docker.sock',
  },
  dockerCertPath: {
    ...option(
      text('dir', 'a directory'),
      '',
      'directory with ca.pem, cert.pem and key.pem for a tcp:// engine with TLS',
    ),
    whenUnset: 'DOCKER_CERT_PATH',
  },
  runtime: {
    ...option(
      text('name', 'a runtime that Docker knows, such as runsc', /^[A-Za-z0-9._-]*$/),
      '',
      'container runtime, such as runsc',
    ),
    whenUnset: 'the default of Docker',
  },
  dockerNetworkSize: option(
    integer(1, 1000),
    1000,
    'highest number of sandboxes on one bridge network; more networks are created when needed',
  ),
});

const isolationOptions = inGroup('Security', {
  readOnly: option(
    flag(),
    true,
    'mount the files of the image read-only; without it, a reader can fill the disk of the host',
  ),
  egress: option(
    flag(),
    false,
    'let sandboxes reach the internet, but not private or metadata addresses, this host, each other or mail servers',
  ),
  egressDeny: {
    ...option(
      cidrs,
      [],
      'further IPv4 ranges that sandboxes with --egress cannot reach, such as 198.18.7.0/24',
    ),
    whenUnset: 'none',
  },
  sandboxDns: {
    ...option(
      list('addresses', 'IPv4 addresses, comma-separated', IPV4),
      [],
      'DNS servers for sandboxes with --egress',
    ),
    whenUnset: "the host's resolvers, unless they are private addresses",
  },
  unsafeContainerOptions: option(
    flag(),
    false,
    'allow options in the file of --container-options that weaken the isolation of sandboxes; the log and tmpfleet doctor name each',
  ),
  hostFirewall: option(
    choice(['auto', 'require', 'off']),
    'auto',
    'block sandboxes from the ports of this host; if that fails, auto logs a warning and require refuses to start',
  ),
});

export const dockerOptions = {
  ...commonEngineOptions,
  ...sandboxOptions,
  ...connectionOptions,
  ...isolationOptions,
};

export type DockerConfig = ConfigOf<typeof dockerOptions>;
