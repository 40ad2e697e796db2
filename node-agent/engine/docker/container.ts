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
import type { ImageFacts } from './image/image.ts';
import type { SandboxUser } from './image/image-user.ts';
import { containerName, LABELS } from './names.ts';
import type { DockerConfig } from './options.ts';

const TMP_BYTES = 64 * 1024 ** 2;

export interface ContainerPlan {
  readonly nodeId: string;
  readonly spec: SandboxSpec;
  readonly config: DockerConfig;
  readonly image: ImageFacts;
  readonly user: SandboxUser;
  /** Name of the network that the container joins. */
  readonly network: string;
}

export function containerOptions(plan: ContainerPlan): Dockerode.ContainerCreateOptions {
  const { nodeId, spec, config, image, user } = plan;
  return {
    name: containerName(nodeId, spec.id),
    // By id, not by name: the name may belong to a newer image by now.
    Image: plan.image.id,
    Cmd: ['/bin/sh', '-c', shellScript(commandLine(plan))],
    User: user.user,
    WorkingDir: image.workingDir || config.sandboxHome,
    Env: Object.entries({
      HOME: config.sandboxHome,
      ...environmentOf(config.extraEnv),
      ...secretEnvironment(spec.token),
    }).map((pair) => pair.join('=')),
    Labels: {
      [LABELS.node]: nodeId,
      [LABELS.sandbox]: spec.id,
      [LABELS.image]: image.id,
      [LABELS.recipe]: recipeOf(config),
    },
    HostConfig: {
      NetworkMode: plan.network,
      // Older versions of Docker resolve outside names for `internal` networks too (CVE-2024-29018), which is a way out.
      // With a DNS server of its own, the sandbox asks from its own namespace, which has no route out.
      ...(config.egress ? dnsOf(config) : { Dns: ['127.0.0.1'] }),
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: config.pidsLimit,
      Memory: config.memoryBytes,
      MemorySwap: config.memoryBytes,
      NanoCpus: Math.round(config.cpus * 1e9),
      // When the host itself runs out of memory, the kernel kills a sandbox before the agent.
      OomScoreAdj: 500,
      Ulimits: [
        { Name: 'nofile', Soft: 4096, Hard: 8192 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      IpcMode: 'private',
      ReadonlyRootfs: config.readOnly,
      Tmpfs: writablePlaces(plan),
      // An image that brings its own init would complain about a second one.
      Init: !image.entrypoint.some((word) => /(^|\/)(tini|dumb-init|s6-svscan|init)$/.test(word)),
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
      ...(config.runtime === '' ? {} : { Runtime: config.runtime }),
    },
  };
}

/** A digest that changes with every option of a sandbox except the image, which has its own identity. */
export function recipeOf(config: DockerConfig): string {
  const { command, extraEnv, sandboxPort, sandboxUser, sandboxHome, homeSizeBytes, memoryBytes, cpus } =
    config;
  const { pidsLimit, readOnly, runtime, egress, sandboxDns } = config;
  return digestOf([
    ...[command, extraEnv, sandboxPort, sandboxUser, sandboxHome, homeSizeBytes, memoryBytes, cpus],
    ...[pidsLimit, readOnly, runtime, egress, sandboxDns],
  ]);
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

/** In memory, with a size limit. This includes the image's own volumes, which would otherwise fill the host's disk. */
function writablePlaces({ config, image, user }: ContainerPlan): Record<string, string> {
  const owner = user.gid === undefined ? `uid=${user.uid}` : `uid=${user.uid},gid=${user.gid}`;
  const own = `rw,exec,nosuid,nodev,${owner},mode=700,size=${config.homeSizeBytes}`;
  const volumes = Object.fromEntries(image.volumes.map((path) => [path, own]));
  return {
    ...volumes,
    '/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${TMP_BYTES}`,
    ...(config.readOnly ? { [config.sandboxHome]: own } : {}),
  };
}
