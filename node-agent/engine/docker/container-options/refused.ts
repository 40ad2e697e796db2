// What Docker, tmpnb or DockerSpawner have, and a file for --container-options has not: each with the reason, or with the
// option to use in its place.

const ISOLATION = 'it would undo the isolation of sandboxes';
const OUTPUT = 'what a sandbox prints stays in it, and only the last 4 KiB go to the log of Docker';
const IN_PLACE: Readonly<Record<string, readonly string[]>> = {
  '--memory': ['memory', 'mem_limit', 'memory_swap', 'memswap_limit'],
  '--cpus': ['cpus', 'cpu_limit', 'cpu_quota', 'cpu_period', 'nano_cpus'],
  '--pids-limit': ['pids_limit'],
  '--extra-env': ['environment', 'env'],
  '--image': ['image'],
  '--command': ['command', 'cmd', 'entrypoint'],
  '--sandbox-user': ['user', 'userns_mode'],
  '--sandbox-dns': ['dns', 'dns_search', 'dns_opt', 'dns_options'],
  '--runtime': ['runtime'],
  '--no-read-only': ['read_only', 'readonly_rootfs'],
  '--disk-read-rate and --disk-write-rate': ['blkio_config', 'device_read_bps', 'device_write_bps'],
  'mounts, in this file': ['binds', 'volumes', 'host_directories', 'volumes_from', 'read_only_volumes'],
  'memory_reservation, in this file': ['mem_reservation', 'mem_guarantee'],
  'gpus, in this file': ['device_requests'],
};

const REASONS: Readonly<Record<string, readonly string[]>> = {
  [ISOLATION]: [
    ...[
      'privileged',
      'network_mode',
      'network',
      'networks',
      'host_network',
      'pid',
      'pid_mode',
      'ipc',
      'ipc_mode',
    ],
    ...['uts', 'uts_mode', 'userns', 'cgroup', 'cgroup_parent', 'cgroupns_mode', 'sysctls', 'links', 'ports'],
    ...[
      'port_bindings',
      'publish_all_ports',
      'device_cgroup_rules',
      'group_add',
      'masked_paths',
      'readonly_paths',
    ],
  ],
  [OUTPUT]: ['log_options', 'log_opt', 'log_opts', 'log_config', 'log_driver', 'logging'],
  'every capability is dropped already': ['cap_drop'],
  'the node-agent removes and replaces sandboxes itself': ['restart', 'restart_policy', 'auto_remove'],
  'the shell of a sandbox already does this work': ['init'],
  'the node-agent sets it': ['oom_score_adj', 'oom_kill_disable', 'name', 'hostname', 'healthcheck'],
};

const EXPLANATIONS: ReadonlyMap<string, string> = new Map([
  ...pairs(IN_PLACE).map(([name, option]) => [name, `use ${option}`] as const),
  ...pairs(REASONS).map(([name, reason]) => [name, `not possible: ${reason}`] as const),
]);

function pairs(table: Readonly<Record<string, readonly string[]>>): readonly (readonly [string, string])[] {
  return Object.entries(table).flatMap(([text, names]) => names.map((name) => [name, text] as const));
}

/** Every name that is refused with a reason of its own. */
export const REFUSED_NAMES: readonly string[] = [...EXPLANATIONS.keys()];

/** `CpuShares` and `cpu-shares` → `cpu_shares`, as Docker's API and our own options spell such a name. */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}

/** @param name in any spelling */
export function whyRefused(name: string): string | undefined {
  return EXPLANATIONS.get(snakeCase(name));
}
