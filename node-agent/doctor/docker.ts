// Checks that Docker answers on this node, has the image, and can confine what it runs.
import { z } from 'zod';
import { check, type Finding, type Verdict } from '../../shared/checkup/checkup.ts';
import { FleetError } from '../../shared/errors.ts';
import type { NodeAgentConfig } from '../config.ts';
import { callDocker, connectDocker, dockerTarget } from '../engine/docker/connection.ts';
import { SandboxImage } from '../engine/docker/image/sandbox-image.ts';
import type { EngineContext } from '../engine/engine.ts';
import { createEngine } from '../engine/index.ts';
import { checkContainerOptions } from './container-options.ts';
import { checkIsolation } from './isolation.ts';
import { checkRegistry } from './registry.ts';

export interface DockerCheckOptions {
  readonly config: NodeAgentConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly context: EngineContext;
}

const DEADLINE_MS = 5_000;

/** Fields of Docker's `info`. A missing field counts as true: Docker sends false where the kernel lacks the feature. */
const infoSchema = z.object({
  ServerVersion: z.string(),
  OperatingSystem: z.string().default(''),
  SecurityOptions: z.array(z.string()).nullish(),
  MemoryLimit: z.boolean().default(true),
  SwapLimit: z.boolean().default(true),
  CpuCfsQuota: z.boolean().default(true),
  PidsLimit: z.boolean().default(true),
  DockerRootDir: z.string().default(''),
  DriverStatus: z.array(z.array(z.string())).nullish(),
  Containerd: z.object({ Address: z.string().optional() }).nullish(),
});
export type DockerFacts = z.infer<typeof infoSchema>;

/** @returns the findings, and Docker's facts where Docker answers */
export async function checkDocker(
  options: DockerCheckOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly facts: DockerFacts | undefined }> {
  const { config, env, context } = options;
  let facts: DockerFacts | undefined;
  const target = dockerTarget(config, env);
  const there = await check('docker', async () => {
    const docker = connectDocker(target);
    facts = infoSchema.parse(
      await callDocker({ what: 'answer', deadlineMs: DEADLINE_MS }, () => docker.info()),
    );
    return { detail: `${facts.ServerVersion} (${facts.OperatingSystem}) at ${target.host}` };
  });
  const known = facts;
  if (known === undefined) return { findings: [there], facts };
  const findings = [
    there,
    await check('confinement', () => judgeConfinement(known)),
    await check('image', () => checkImage(options)),
    ...(await checkRegistry(config, target)),
    ...(await checkContainerOptions(config, target, known.DockerRootDir)),
  ];
  if (findings.some((finding) => finding.check === 'container options' && finding.level === 'fail'))
    return { findings, facts };
  if (findings.some((finding) => finding.check === 'image' && finding.level !== 'ok')) {
    findings.push({ check: 'isolation', level: 'warn', detail: 'not tried, because the image is missing' });
    return { findings, facts };
  }
  const engineFor = (nodeId: string) => createEngine('docker', config, { ...context, nodeId, env });
  const { nodeId } = config;
  const tried = await checkIsolation({ docker: connectDocker(target), engineFor, nodeId, config });
  return { findings: [...findings, ...tried], facts };
}

function judgeConfinement(facts: DockerFacts): Verdict {
  const wanting = [
    ...(facts.SecurityOptions?.some((one) => one.startsWith('name=seccomp')) === true ? [] : ['seccomp']),
    ...(facts.MemoryLimit ? [] : ['memory limits']),
    ...(facts.CpuCfsQuota ? [] : ['CPU limits']),
    ...(facts.PidsLimit ? [] : ['process limits']),
  ];
  if (wanting.length > 0) {
    return {
      level: 'fail',
      detail: `this Docker has no ${wanting.join(', no ')}`,
      remedy: 'readers are strangers: use a kernel and a Docker that support this (see docker info)',
    };
  }
  if (facts.SwapLimit) return { detail: 'seccomp; limits of memory, swap, CPU and processes' };
  return {
    level: 'warn',
    detail: 'swap cannot be limited, so a sandbox may take twice its memory',
    remedy: 'boot with swapaccount=1, or turn swap off',
  };
}

async function checkImage({ config, env, context }: DockerCheckOptions): Promise<Verdict> {
  const image = new SandboxImage(connectDocker(dockerTarget(config, env)), config, context);
  try {
    const facts = await image.inspect();
    const { user } = await image.userFor(facts);
    return { detail: `${image.reference} (${facts.id.slice(7, 19)}), run as ${user}` };
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== 'image-missing' || config.pull === 'never')
      throw error;
    const remedy = `to pull it now: docker pull ${image.reference}`;
    return {
      level: 'warn',
      detail: `${image.reference} is not on this host; the agent will pull it`,
      remedy,
    };
  }
}
