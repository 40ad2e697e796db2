// The options of a sandbox's container: the hardening of DESIGN §7, in one pure function.
import type Dockerode from 'dockerode';
import {
  basePath,
  digestOf,
  fillPlaceholders,
  JUPYTER_COMMAND,
  secretEnvironment,
  shellScript,
} from '../command.ts';
import type { SandboxSpec } from '../engine.ts';
import { environmentOf } from '../options.ts';
import { primeRecipe } from '../prime-options.ts';
import type { ContainerOptions } from './container-options/fields.ts';
import { additionsOf, tmpfsOf, ulimitsOf } from './container-options/host-config.ts';
import type { DiskLimits } from './disk.ts';
import type { ImageFacts } from './image/image.ts';
import type { SandboxUser } from './image/image-user.ts';
import { containerName, LABELS } from './names.ts';
import type { DockerConfig } from './options.ts';
import { entrypointFor, OUTPUT_DIR, OUTPUT_DIR_BYTES } from './output.ts';

const TMP_BYTES = 64 * 1024 ** 2;

export interface ContainerPlan {
  readonly nodeId: string;
  readonly spec: SandboxSpec;
  readonly config: DockerConfig;
  readonly image: ImageFacts;
  readonly user: SandboxUser;
  /** Whether no other sandbox runs as this user. */
  readonly hasOwnUser: boolean;
  readonly disk: DiskLimits;
  /** What `recipeOf` gives for the configuration, as it was when the engine was made. */
  readonly recipe: string;
  /** Of --container-options. */
  readonly extra?: ContainerOptions | undefined;
  /** Name of the network that the container joins. */
  readonly network: string;
}

export function createOptions(plan: ContainerPlan): Dockerode.ContainerCreateOptions {
  const { nodeId, spec, config, image, user, extra = {} } = plan;
  return {
    name: containerName(nodeId, spec.id),
    // By id, not by name: the name may belong to a newer image by now.
    Image: plan.image.id,
    Entrypoint: entrypointFor(image.entrypoint),
    Cmd: ['/bin/sh', '-c', shellScript(commandLine(plan))],
    // A check of the image's own would run a process in each sandbox every few seconds, at Docker's cost.
    Healthcheck: { Test: ['NONE'] },
    User: user.user,
    WorkingDir: image.workingDir || config.sandboxHome,
    Env: Object.entries({
      HOME: config.sandboxHome,
      // An id of its own has no name in the image's /etc/passwd.
      ...(plan.hasOwnUser ? { USER: nameOf(config), LOGNAME: nameOf(config) } : {}),
      // The shell is process 1; tini would print a warning about that.
      TINI_SUBREAPER: '1',
      ...environmentOf(config.extraEnv),
      ...secretEnvironment(spec.token),
    }).map((pair) => pair.join('=')),
    Labels: {
      ...extra.labels,
      [LABELS.node]: nodeId,
      [LABELS.sandbox]: spec.id,
      [LABELS.image]: image.id,
      [LABELS.recipe]: plan.recipe,
      ...(plan.hasOwnUser ? { [LABELS.uid]: String(user.uid) } : {}),
    },
    HostConfig: {
      ...additionsOf(extra),
      NetworkMode: plan.network,
      // Older versions of Docker resolve outside names for `internal` networks too (CVE-2024-29018), which is a way out.
      // With a DNS server of its own, the sandbox asks from its own namespace, which has no route out.
      ...(config.egress ? dnsOf(config) : { Dns: ['127.0.0.1'] }),
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', ...(extra.security_opt ?? [])],
      PidsLimit: config.pidsLimit,
      Memory: config.memoryBytes,
      MemorySwap: config.memoryBytes,
      NanoCpus: Math.round(config.cpus * 1e9),
      // When the host itself runs out of memory, the kernel kills a sandbox before the agent.
      OomScoreAdj: 500,
      Ulimits: ulimitsOf(ULIMITS, extra),
      ...plan.disk,
      IpcMode: 'private',
      ReadonlyRootfs: config.readOnly,
      Tmpfs: tmpfsOf(writablePlaces(plan), extra, ownerOf(user)),
      // Docker's own init would hold the pipe to Docker open to the sandbox.
      Init: false,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
      ...(config.runtime === '' ? {} : { Runtime: config.runtime }),
    },
  };
}

/**
 * What the kernel counts per user is also refused to all with the same user id, on the host too. There is no limit of
 * processes (nproc) among these: it would count those of all sandboxes together; `--pids-limit` counts each sandbox's.
 */
const ULIMITS = [
  { Name: 'nofile', Soft: 4096, Hard: 8192 },
  { Name: 'core', Soft: 0, Hard: 0 },
  { Name: 'memlock', Soft: 8 * 1024 ** 2, Hard: 8 * 1024 ** 2 },
  { Name: 'msgqueue', Soft: 819_200, Hard: 819_200 },
  // Queued signals, and POSIX timers.
  { Name: 'sigpending', Soft: 4096, Hard: 4096 },
];

/** A digest that changes with every option of a sandbox except the image, which has its own identity. */
export function recipeOf(config: DockerConfig, extra?: ContainerOptions): string {
  const { command, extraEnv, sandboxPort, sandboxUser, sandboxHome, homeSizeBytes, memoryBytes, cpus } =
    config;
  const {
    pidsLimit,
    readOnly,
    runtime,
    egress,
    sandboxDns,
    uidRange,
    diskReadRateBytes,
    diskWriteRateBytes,
  } = config;
  return digestOf([
    ...[command, extraEnv, sandboxPort, sandboxUser, sandboxHome, homeSizeBytes, memoryBytes, cpus],
    ...[pidsLimit, readOnly, runtime, egress, sandboxDns, uidRange, diskReadRateBytes, diskWriteRateBytes],
    // Nothing without a file: the digest is then that of earlier versions, and their sandboxes stay.
    ...(extra === undefined ? [] : [extra]),
    ...primeRecipe(config),
  ]);
}

/** For programs that ask who they run as: by the usual name of a home directory. */
function nameOf({ sandboxHome }: DockerConfig): string {
  return sandboxHome.slice(sandboxHome.lastIndexOf('/') + 1) || 'sandbox';
}

/** Without servers, Docker's default applies: it asks the host's resolvers. */
function dnsOf({ sandboxDns }: DockerConfig): { Dns?: string[] } {
  return sandboxDns.length === 0 ? {} : { Dns: [...sandboxDns] };
}

function commandLine({ config, spec }: ContainerPlan): string {
  return fillPlaceholders(config.command || JUPYTER_COMMAND, {
    base_path: basePath(spec.id).slice(1),
    port: String(config.sandboxPort),
    ip: '0.0.0.0',
    token: spec.token,
  });
}

/** As an option of a tmpfs. */
function ownerOf({ uid, gid }: SandboxUser): string {
  return gid === undefined ? `uid=${uid}` : `uid=${uid},gid=${gid}`;
}

/** In memory, with a size limit. This includes the image's own volumes, which would otherwise fill the host's disk. */
function writablePlaces({ config, image, user }: ContainerPlan): Record<string, string> {
  const owner = ownerOf(user);
  const own = `rw,exec,nosuid,nodev,${owner},mode=700,size=${config.homeSizeBytes}`;
  const volumes = Object.fromEntries(image.volumes.map((path) => [path, own]));
  return {
    ...volumes,
    [OUTPUT_DIR]: `rw,exec,nosuid,nodev,${owner},mode=700,size=${OUTPUT_DIR_BYTES}`,
    '/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${TMP_BYTES}`,
    ...(config.readOnly ? { [config.sandboxHome]: own } : {}),
  };
}
