// What other programs call our options: tmpnb, tmpnb-redirector, configurable-http-proxy, DockerSpawner, and tmpfleet in the past. Error
// messages use this table, and a test compares docs/migrating.md with it.

export interface OtherName {
  /** Without the leading dashes, as that program spells it. */
  readonly names: readonly string[];
  /** The option here: the flag without dashes, which is also the key in the YAML file. */
  readonly option?: string;
  /** What to know about the option, or what to do where there is none. */
  readonly note?: string;
}

const SECONDS = 'give a unit: 3600 becomes 1h or 3600s';
const MILLISECONDS = 'give a unit: 60000 becomes 60s';
const TLS = 'what --tls-cert does not do, a TLS terminator in front does (Caddy, nginx), with --trust-proxy';
const WHOLE_PATH = 'not needed: a sandbox gets the whole path of a request';
const PROMETHEUS = 'no statsd: Prometheus reads /metrics of the control listener';

/** Source of the names: `orchestrate.py` of jupyter/tmpnb. */
const TMPNB: readonly OtherName[] = [
  { names: ['pool_size'], option: 'capacity' },
  { names: ['pool_name'], option: 'node-id' },
  { names: ['image'], option: 'image' },
  {
    names: ['command'],
    option: 'command',
    note: 'the same placeholders: {base_path}, {port}, {ip} and {token}',
  },
  { names: ['cull_timeout'], option: 'idle', note: SECONDS },
  { names: ['cull_max'], option: 'max-age', note: SECONDS },
  { names: ['cull_period'], option: 'cull-interval', note: SECONDS },
  { names: ['redirect_uri'], option: 'landing-path', note: 'without the leading slash: /tree becomes tree' },
  { names: ['ip'], option: 'host' },
  { names: ['port'], option: 'port' },
  { names: ['admin_ip'], option: 'control-host' },
  { names: ['admin_port'], option: 'control-port' },
  { names: ['container_port'], option: 'sandbox-port' },
  { names: ['container_user'], option: 'sandbox-user', note: 'as numbers: 1000 or 1000:100' },
  { names: ['container_ip'], note: 'not needed: sandboxes are reached on their bridge network' },
  { names: ['mem_limit'], option: 'memory' },
  { names: ['cpu_quota'], option: 'cpus', note: 'in cores: a quota of 50000 becomes 0.5' },
  {
    names: ['cpu_shares'],
    option: 'container-options',
    note: 'cpu_shares in that file; --cpus limits the cores of a sandbox',
  },
  { names: ['max_dock_workers'], option: 'concurrent-starts' },
  { names: ['use_tokens'], note: 'put {token} into --command: the sandbox then has a token of its own' },
  { names: ['user_length'], note: 'not needed: the length of an id is fixed' },
  { names: ['docker_version'], note: 'not needed: the version of the Docker API is negotiated' },
  { names: ['assert_hostname'], note: 'not needed: the host name of an engine with TLS is always verified' },
  { names: ['host_network'], note: 'no equivalent: a sandbox never shares the network of its host' },
  { names: ['docker_network'], note: 'not needed: the node-agent creates the networks of its sandboxes' },
  {
    names: ['host_directories'],
    option: 'container-options',
    note: 'mounts in that file, such as /data:/data:ro',
  },
  { names: ['extra_hosts'], option: 'container-options', note: 'extra_hosts in that file' },
  {
    names: ['static_files'],
    note: 'not needed: a node learns the files of an image by itself (--static-cache)',
  },
  { names: ['allow_origin'], option: 'allow-origin' },
  { names: ['allow_methods'], option: 'allow-methods' },
  { names: ['allow_headers'], option: 'allow-headers' },
  { names: ['expose_headers'], option: 'expose-headers' },
  { names: ['allow_credentials'], option: 'allow-credentials' },
  {
    names: ['max_age'],
    option: 'cors-max-age',
    note: `the age of a preflight answer; --max-age limits that of a sandbox; ${SECONDS}`,
  },
];

/** Source of the names: `redirector.py` of jupyter/tmpnb-redirector. */
const TMPNB_REDIRECTOR: readonly OtherName[] = [
  { names: ['port'], option: 'port' },
  { names: ['api_ip'], option: 'control-host' },
  { names: ['api_port'], option: 'control-port' },
  { names: ['stats_period'], option: 'poll-interval', note: SECONDS },
];

/** Source of the names: `bin/configurable-http-proxy` of jupyterhub/configurable-http-proxy. */
const CHP: readonly OtherName[] = [
  { names: ['ip'], option: 'host' },
  { names: ['port'], option: 'port' },
  { names: ['api-ip', 'metrics-ip'], option: 'control-host' },
  { names: ['api-port', 'metrics-port'], option: 'control-port' },
  { names: ['log-level'], option: 'log-level' },
  { names: ['timeout'], option: 'stall-timeout', note: MILLISECONDS },
  { names: ['proxy-timeout'], option: 'response-timeout', note: MILLISECONDS },
  { names: ['keep-alive-timeout'], option: 'keep-alive-timeout', note: MILLISECONDS },
  { names: ['ssl-key'], option: 'tls-key' },
  { names: ['ssl-cert'], option: 'tls-cert' },
  { names: ['ssl-ca', 'ssl-dhparam', 'ssl-protocol', 'ssl-ciphers'], note: TLS },
  {
    names: ['ssl-request-cert', 'ssl-reject-unauthorized', 'ssl-allow-rc4', 'redirect-port', 'redirect-to'],
    note: TLS,
  },
  {
    names: [
      'api-ssl-key',
      'api-ssl-cert',
      'api-ssl-ca',
      'api-ssl-request-cert',
      'api-ssl-reject-unauthorized',
    ],
    note: 'the control listener belongs on loopback: reach it through SSH; elsewhere it speaks TLS with --tls-cert',
  },
  {
    names: [
      ...['client-ssl-key', 'client-ssl-cert', 'client-ssl-ca', 'client-ssl-request-cert'],
      ...['client-ssl-reject-unauthorized', 'insecure'],
    ],
    note: 'not needed: sandboxes are reached by HTTP on their own host',
  },
  {
    names: ['default-target', 'host-routing', 'storage-backend'],
    note: 'not needed: the node-agent creates and removes the routes itself',
  },
  {
    names: ['error-target', 'error-path'],
    option: 'brand-dir',
    note: 'the words, logo and colours of our pages; docs/branding.md says which page is which',
  },
  { names: ['no-prepend-path'], note: WHOLE_PATH },
  { names: ['no-include-prefix'], option: 'strip-prefix' },
  { names: ['no-x-forward'], note: 'no equivalent: sandboxes always get X-Forwarded-* headers' },
  {
    names: ['auto-rewrite', 'protocol-rewrite'],
    note: 'not needed: a Location on the own address of a sandbox becomes a path, at any scheme and host of the reader',
  },
  {
    names: ['change-origin', 'custom-headers'],
    note: 'no equivalent',
  },
  { names: ['statsd-host', 'statsd-port', 'statsd-prefix'], note: PROMETHEUS },
  { names: ['pid-file'], note: 'not needed: systemd or the container engine knows the process' },
];

const IN_FILE = 'in that file, under the same name';

/** Source of the names: `spawner.py` of jupyterhub/dockerspawner, and what its `extra_host_config` usually holds. */
const DOCKER_SPAWNER: readonly OtherName[] = [
  {
    names: ['volumes', 'read_only_volumes', 'mounts'],
    option: 'container-options',
    note: 'mounts in that file',
  },
  {
    names: ['extra_host_config', 'extra_create_kwargs'],
    option: 'container-options',
    note: 'a file with the fields that are possible',
  },
  {
    names: ['mem_guarantee', 'mem_reservation'],
    option: 'container-options',
    note: 'memory_reservation in that file',
  },
  {
    names: ['labels', 'shm_size', 'tmpfs', 'ulimits', 'security_opt', 'devices', 'cap_add'],
    option: 'container-options',
    note: IN_FILE,
  },
  { names: ['device_requests'], option: 'container-options', note: 'gpus in that file' },
  { names: ['environment'], option: 'extra-env' },
  { names: ['cpu_limit'], option: 'cpus' },
  { names: ['network_name'], note: 'not needed: the node-agent creates the networks of its sandboxes' },
  { names: ['log_config'], note: 'no equivalent: the output of a sandbox stays in it' },
];

/** Names that tmpfleet itself had before. */
const TMPFLEET: readonly OtherName[] = [
  { names: ['start-deadline'], option: 'start-timeout' },
  { names: ['leave-grace'], option: 'shutdown-grace' },
  { names: ['cull-schedule'], option: 'cull-interval', note: 'a time instead of a cron expression' },
  { names: ['reap-schedule'], option: 'reap-interval', note: 'a time instead of a cron expression' },
  {
    names: ['banner', 'no-banner'],
    option: 'companion',
    note: 'what it showed is part of the companion; --no-companion turns that off',
  },
  { names: ['workers'], note: 'removed: run several redirectors with one --registry' },
];

/** By program, in the order in which they are searched: a name that two programs share means the first. */
export const OTHER_NAMES: Readonly<Record<string, readonly OtherName[]>> = {
  tmpfleet: TMPFLEET,
  tmpnb: TMPNB,
  'tmpnb-redirector': TMPNB_REDIRECTOR,
  'configurable-http-proxy': CHP,
  DockerSpawner: DOCKER_SPAWNER,
};

/** The row for a name that no option has; `_` and `-` are the same, and case does not count. */
export function findOtherName(name: string): OtherName | undefined {
  const wanted = normalize(name);
  return Object.values(OTHER_NAMES)
    .flat()
    .find(({ names }) => names.some((each) => normalize(each) === wanted));
}

function normalize(name: string): string {
  return name.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
}
