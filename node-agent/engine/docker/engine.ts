// The Docker engine: one hardened container per sandbox. All state is in Docker's labels.
import type Dockerode from 'dockerode';
import pLimit from 'p-limit';
import { FleetError } from '../../../shared/errors.ts';
import type { Diagnosis } from '../diagnosis.ts';
import type {
  Address,
  EngineContext,
  EngineSandbox,
  FreezeSavings,
  FreezingEngine,
  SandboxSpec,
  Usage,
} from '../engine.ts';
import type { Execution, ExecutionSpec } from '../execution.ts';
import {
  callDocker,
  connectDocker,
  type DockerTarget,
  isLocalSocket,
  reasonOf,
  unready,
} from './connection.ts';
import { createOptions, recipeOf } from './container.ts';
import { checkAtOpen } from './container-options/at-open.ts';
import { type CheckedContainerOptions, readContainerOptions } from './container-options/read.ts';
import { diagnoseContainer } from './diagnose.ts';
import { type DiskLimits, diskLimits, diskOf } from './disk.ts';
import { watchExits } from './events.ts';
import { executeInContainer } from './execution.ts';
import { ContainerFreezing } from './freezing.ts';
import { checkHost } from './host-check.ts';
import { imageMissing } from './image/image.ts';
import { withOwnId } from './image/image-user.ts';
import { SandboxImage } from './image/sandbox-image.ts';
import { containerName, LABELS } from './names.ts';
import { Networks } from './network/networks.ts';
import { warnOfResolvers } from './network/resolvers.ts';
import { NetworkRules } from './network/rules.ts';
import type { DockerConfig } from './options.ts';
import { removeContainer } from './removal.ts';
import { usageOfContainer } from './usage.ts';
import { UserIds } from './user-ids.ts';

/** ms. A loaded Docker is slow, but a working one answers each of these calls sooner. */
const DEADLINES = {
  list: 20_000,
  inspect: 15_000,
  create: 45_000,
  start: 45_000,
};
const PURGE_ROUNDS = 10;
const CONCURRENT_PURGES = 4;

export class DockerEngine implements FreezingEngine {
  readonly kind = 'docker';
  /** The options of the running program: a reload changes some of them. */
  readonly #given: DockerConfig;
  /** The options as they were at the start. What is not part of a recipe does not change later. */
  readonly #config: DockerConfig;
  /** The options of each recipe that was in use, by its digest. */
  readonly #recipes = new Map<string, DockerConfig>();
  /** Names of images that were in use, by their ids. */
  readonly #names = new Map<string, string>();
  #recipe: string;
  readonly #extra: CheckedContainerOptions;
  readonly #context: EngineContext;
  readonly #target: DockerTarget;
  readonly #docker: Dockerode;
  #image: SandboxImage;
  readonly #rules: NetworkRules;
  readonly #networks: Networks;
  readonly #userIds: UserIds;
  readonly #freezing: ContainerFreezing;
  readonly #closing = new AbortController();
  readonly #starts = new Set<Promise<Address>>();
  readonly #removing = new Set<string>();
  #dataDirs: readonly string[] = [];
  #disk: DiskLimits = {};

  constructor(
    config: DockerConfig & { readonly dataDir?: string },
    target: DockerTarget,
    context: EngineContext,
  ) {
    this.#given = config;
    this.#config = { ...config };
    this.#context = context;
    this.#target = target;
    this.#docker = connectDocker(target);
    this.#image = new SandboxImage(this.#docker, config, context);
    const { host: dockerHost, certPath: dockerCertPath } = target;
    this.#extra = readContainerOptions({ ...config, dockerHost, dockerCertPath });
    this.#recipe = this.#learnRecipe();
    this.#userIds = new UserIds(config.uidRange);
    const { nodeId, logger } = context;
    this.#freezing = new ContainerFreezing({
      container: (id) => this.#container(id),
      isLocal: isLocalSocket(target),
      logger,
    });
    this.#rules = new NetworkRules(config, { nodeId, logger });
    this.#networks = new Networks({
      ...{ docker: this.#docker, nodeId, logger, egress: config.egress, size: config.dockerNetworkSize },
      guard: (bridges) => this.#rules.ensure(bridges),
    });
  }

  get recipe(): string {
    return this.#recipe;
  }

  describe(image = ''): string {
    return this.#names.get(image) ?? this.#image.reference;
  }

  async renew(): Promise<void> {
    const image = new SandboxImage(this.#docker, this.#given, this.#context);
    const recipe = this.#learnRecipe();
    if (image.reference !== this.#image.reference) {
      await image.ensure(this.#closing.signal).catch((cause: unknown) => {
        throw unready(cause);
      });
      this.#image = image;
    }
    this.#recipe = recipe;
  }

  async open(onExit: (id: string) => void): Promise<void> {
    try {
      await this.#open(onExit);
    } catch (cause) {
      throw unready(cause);
    }
  }

  async #open(onExit: (id: string) => void): Promise<void> {
    const { logger } = this.#context;
    const config = this.#config;
    const { rootDir, dataDirs } = await checkHost(this.#docker, { host: this.#target.host, config, logger });
    this.#dataDirs = dataDirs;
    checkAtOpen(this.#extra, { rootDir, isUnsafe: config.unsafeContainerOptions, logger });
    const written = dataDirs.at(-1) ?? rootDir;
    const disk = diskOf(written);
    this.#disk = diskLimits(disk, config);
    if (disk === undefined)
      logger.info({ dir: written }, 'reads and writes of sandboxes on this file system have no limit');
    await this.#image.ensure(this.#closing.signal);
    await this.#networks.open();
    await this.list();
    if (config.egress) await warnOfResolvers(config, logger);
    this.#rules.keep(
      () => this.#networks.bridges,
      () => this.#networks.doubt(),
    );
    await watchExits({
      docker: this.#docker,
      nodeId: this.#context.nodeId,
      logger: this.#context.logger,
      signal: this.#closing.signal,
      onExit: (id) => {
        if (!this.#removing.has(id) && !this.#closing.signal.aborted) onExit(id);
      },
    });
  }

  start(spec: SandboxSpec): Promise<Address> {
    const work = this.#start(spec);
    this.#starts.add(work);
    const forget = (): boolean => this.#starts.delete(work);
    work.then(forget, forget);
    return work;
  }

  async remove(id: string): Promise<void> {
    this.#removing.add(id);
    this.#freezing.forget(id);
    try {
      await removeContainer(this.#docker, containerName(this.#context.nodeId, id), this.#context.clock);
      this.#networks.forget(id);
      this.#userIds.forget(id);
    } finally {
      this.#removing.delete(id);
    }
  }

  async list(): Promise<readonly EngineSandbox[]> {
    const containers = await this.#ownContainers();
    this.#networks.observe(containers);
    this.#userIds.observe(containers);
    return containers.flatMap((container) => {
      const id = container.Labels[LABELS.sandbox];
      if (id === undefined) return [];
      const host = this.#networks.addressIn(container.NetworkSettings?.Networks ?? {});
      return [
        {
          id,
          running: container.State === 'running' || container.State === 'paused',
          frozen: container.State === 'paused',
          address: host === undefined ? undefined : { host, port: this.#config.sandboxPort },
          image: container.Labels[LABELS.image] ?? container.ImageID,
          recipe: container.Labels[LABELS.recipe] ?? '',
          createdAt: container.Created * 1000,
        },
      ];
    });
  }

  async diagnose(id: string): Promise<Diagnosis | undefined> {
    return diagnoseContainer(this.#container(id));
  }

  execute(spec: ExecutionSpec): Promise<Execution> {
    return executeInContainer(this.#container(spec.id), spec);
  }

  usage(id: string): Promise<Usage | undefined> {
    return usageOfContainer(this.#container(id));
  }

  freezeSavings(): Promise<FreezeSavings> {
    return this.#freezing.savings();
  }

  freeze(id: string): Promise<void> {
    return this.#freezing.freeze(id);
  }

  thaw(id: string): Promise<void> {
    return this.#freezing.thaw(id);
  }

  async image(options: { readonly pull?: boolean } = {}): Promise<string> {
    if (options.pull === true) await this.#image.pull(this.#closing.signal);
    const { id } = await this.#image.inspect();
    this.#names.set(id, this.#image.reference);
    return id;
  }

  get disks(): readonly string[] {
    return this.#dataDirs;
  }

  async close(options: { readonly purge?: boolean } = {}): Promise<void> {
    this.#closing.abort();
    await this.#rules.stop();
    if (options.purge !== true) return;
    await this.#purge();
    const { bridges } = this.#networks;
    await this.#networks.remove();
    await this.#rules.remove(bridges);
  }

  /** Waits for starts that are under way when closing begins, so that no container appears after the purge. */
  async #purge(): Promise<void> {
    const limit = pLimit(CONCURRENT_PURGES);
    for (let round = 0; round < PURGE_ROUNDS; round += 1) {
      await Promise.allSettled(this.#starts);
      const left = await this.#ownContainers();
      if (left.length === 0) return;
      await Promise.all(
        left.map(({ Id }) => limit(() => removeContainer(this.#docker, Id, this.#context.clock))),
      );
    }
    throw new FleetError('engine-timeout', 'sandboxes keep appearing while they are being removed', {
      remedy: 'is another agent running with the same --node-id?',
    });
  }

  async #start(spec: SandboxSpec): Promise<Address> {
    this.#refuseWhenClosing();
    const { nodeId } = this.#context;
    const recipe = this.#recipes.has(spec.recipe ?? '') ? (spec.recipe ?? '') : this.#recipe;
    const config = this.#recipes.get(recipe) ?? this.#config;
    const image = await this.#image.inspect(spec.image);
    const imageUser = await this.#image.userFor(image);
    this.#refuseWhenClosing();
    const network = await this.#networks.place(spec.id);
    try {
      // Firewall software of the host may have flushed the rules since the last start.
      if (this.#config.egress) await this.#rules.ensure(this.#networks.bridges);
      const ownId = this.#userIds.take(spec.id);
      const user = ownId === undefined ? imageUser : withOwnId(imageUser, ownId);
      const plan = {
        ...{ nodeId, spec, config, image, network, disk: this.#disk },
        ...{ user, hasOwnUser: ownId !== undefined, extra: this.#extra.options, recipe },
      };
      spec.onPhase?.('prepare');
      // Tried once only: after a timeout, Docker may still create the container, and `list` shows it then.
      const container = await callDocker(
        { what: 'create a container', deadlineMs: DEADLINES.create },
        (abortSignal) => this.#docker.createContainer({ ...createOptions(plan), abortSignal }),
      );
      spec.onPhase?.('create');
      this.#refuseWhenClosing();
      await callDocker({ what: 'start a container', deadlineMs: DEADLINES.start }, (abortSignal) =>
        container.start({ abortSignal }),
      );
      const address = await this.#addressOf(container);
      spec.onPhase?.('start');
      return address;
    } catch (cause) {
      this.#networks.doubt();
      if (cause instanceof FleetError) throw cause;
      if (/no such image/i.test(reasonOf(cause))) throw imageMissing(this.#image.reference, cause);
      throw new FleetError('start-failed', `Docker could not start a sandbox: ${reasonOf(cause)}`, { cause });
    } finally {
      this.#networks.started(spec.id);
    }
  }

  async #addressOf(container: Dockerode.Container): Promise<Address> {
    const { State, NetworkSettings } = await callDocker(
      { what: 'inspect a container', deadlineMs: DEADLINES.inspect },
      (abortSignal) => container.inspect({ abortSignal }),
    );
    const host = this.#networks.addressIn(NetworkSettings.Networks);
    if (State.Running && host !== undefined) return { host, port: this.#config.sandboxPort };
    throw new FleetError('start-failed', `a sandbox exited at once with code ${State.ExitCode}`);
  }

  #container(id: string): Dockerode.Container {
    return this.#docker.getContainer(containerName(this.#context.nodeId, id));
  }

  #ownContainers(): Promise<Dockerode.ContainerInfo[]> {
    const filters = { label: [`${LABELS.node}=${this.#context.nodeId}`] };
    return callDocker({ what: 'list containers', deadlineMs: DEADLINES.list }, (abortSignal) =>
      this.#docker.listContainers({ all: true, filters: JSON.stringify(filters), abortSignal }),
    );
  }

  /** @returns the digest of the options as they are now */
  #learnRecipe(): string {
    const config = { ...this.#given };
    const recipe = recipeOf(config, this.#extra.options);
    this.#recipes.set(recipe, config);
    return recipe;
  }

  #refuseWhenClosing(): void {
    if (this.#closing.signal.aborted) throw new FleetError('engine-unavailable', 'this node is stopping');
  }
}
