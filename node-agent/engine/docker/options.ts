// The Docker engine's options: where the engine is, what runs in it, and what that may use.
import {
  bytes,
  type ConfigOf,
  choice,
  decimal,
  flag,
  integer,
  type Kind,
  list,
  option,
  port,
  text,
} from '../../../shared/config/option.ts';
import { commonEngineOptions } from '../options.ts';
import { normalizeCidr } from './network/cidr.ts';

const REFERENCE = /^[a-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?$/;
const DOCKER_HOST = /^$|^unix:\/\/\/.+$|^(tcp|https?):\/\/[^/?#\s]+$/;

const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`);

const cidrs: Kind<readonly string[]> = {
  ...list('cidrs', 'ranges of IPv4 addresses such as 198.18.7.0/24, comma-separated', /./),
  schema: list('', '', /./).schema.transform((ranges, context) =>
    ranges.map((range) => {
      const normalized = normalizeCidr(range);
      if (normalized === undefined)
        context.addIssue({ code: 'custom', message: `${JSON.stringify(range)} is no such range` });
      return normalized ?? range;
    }),
  ),
};

export const dockerOptions = {
  ...commonEngineOptions,
  image: option(
    text('image', 'an image such as quay.io/jupyter/base-notebook:latest', REFERENCE),
    'quay.io/jupyter/base-notebook:latest',
    'image that sandboxes are made from',
  ),
  pull: option(
    choice(['missing', 'always', 'never']),
    'missing',
    'when to ask for the image at the start; never also keeps the scheduled refresh from asking',
  ),
  sandboxPort: option(
    { ...port(), ...integer(1, 65535, 'port') },
    8888,
    'port the server in a sandbox listens on',
  ),
  sandboxUser: option(
    text('uid[:gid]', 'a user id that is not 0, such as 1000 or 1000:100', /^$|^[1-9]\d*(:\d+)?$/),
    '',
    "who sandboxes run as (none: the image's own user, or 1000:1000 where that is root)",
  ),
  sandboxHome: option(
    text('dir', 'an absolute path', /^\/[^:,\s]+$/),
    '/home/jovyan',
    'home directory in a sandbox: writable, in memory, empty at the start',
  ),
  homeSize: option(bytes(1024 ** 2), 256 * 1024 ** 2, 'largest size of that home; counts as memory'),
  memory: option(bytes(16 * 1024 ** 2), 512 * 1024 ** 2, 'memory of one sandbox; it gets no swap'),
  cpus: option(decimal(0.01, 1024), 1, 'cores one sandbox may use at most'),
  pidsLimit: option(integer(8, 1_000_000), 256, 'processes and threads in one sandbox'),
  readOnly: option(
    flag(),
    true,
    "the image's files are read-only and the home is in memory; without it, a reader can fill the disk",
  ),
  runtime: option(
    text('name', 'a runtime that Docker knows, such as runsc', /^[A-Za-z0-9._-]*$/),
    '',
    "container runtime (none: Docker's default)",
  ),
  egress: option(
    flag(),
    false,
    'let sandboxes reach the internet; never private or metadata addresses, this host, each other, or mail servers',
  ),
  egressDeny: option(
    cidrs,
    [],
    'addresses that sandboxes with --egress may not reach either, such as 198.18.7.0/24',
  ),
  sandboxDns: option(
    list('addresses', 'IPv4 addresses, comma-separated', IPV4),
    [],
    'whom sandboxes with --egress ask for names (none: whom this host asks, unless that is a private address)',
  ),
  dockerNetworkSize: option(
    integer(1, 1000),
    1000,
    'sandboxes on one bridge network at most; a bridge bears 1023, and more networks are made as they are needed',
  ),
  hostFirewall: option(
    choice(['auto', 'require', 'off']),
    'auto',
    "keep sandboxes away from this host's own ports: auto warns where it cannot, require stops the start",
  ),
  dockerHost: option(
    text('url', 'unix:///path, tcp://host:port, http://host:port or https://host:port', DOCKER_HOST),
    '',
    'the Docker engine (none: DOCKER_HOST, else unix:///var/run/docker.sock); it must run on this host',
  ),
  dockerCertPath: option(
    text('dir', 'a directory'),
    '',
    'holds ca.pem, cert.pem and key.pem for a tcp:// engine with TLS (none: DOCKER_CERT_PATH)',
  ),
};

export type DockerConfig = ConfigOf<typeof dockerOptions>;
