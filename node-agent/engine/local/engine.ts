// The local engine: child processes on loopback, for trying tmpfleet and for tests. It isolates nothing.
// Sandboxes outlive the agent, as containers do; records in the data directory let the next agent find them.
import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { shortId } from '../../../shared/clock.ts';
import { describeError, FleetError } from '../../../shared/errors.ts';
import { basePath, digestOf, fillPlaceholders, secretEnvironment } from '../command.ts';
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
import { environmentOf } from '../options.ts';
import { primeRecipe } from '../prime-options.ts';
import { chooseCommand, type LocalCommand } from './command.ts';
import { LocalExecutions } from './execution.ts';
import { freezeProcesses, isFrozen, LOCAL_SAVINGS, thawProcesses } from './freezing.ts';
import type { LocalConfig } from './options.ts';
import { type ReservedPort, reservePort } from './port.ts';
import { type GroupLeader, isRunning, killGroup, startTime, usageOfGroup } from './processes.ts';
import { type LocalRecord, LocalRecords } from './records.ts';
import { letGo, spawnWaiting } from './spawn.ts';

export interface LocalEngineContext extends EngineContext {
  /** The environment in which programs are looked up; sandboxes get little of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What sandboxes are made from. */
interface LocalRecipe extends LocalCommand {
  readonly extraEnv: readonly string[];
  readonly digest: string;
  /** Identity of the command, which stands for an image here. */
  readonly image: string;
}

const LOOPBACK = '127.0.0.1';
/** ms between SIGTERM and SIGKILL. */
const GRACE_MS = 3_000;
/** ms between checks for long output. */
const TRIM_MS = 10_000;

export class LocalEngine implements FreezingEngine {
  readonly kind = 'local';
  readonly #config: LocalConfig;
  readonly #context: LocalEngineContext;
  readonly #records: LocalRecords;
  readonly #ports = new Map<string, ReservedPort>();
  readonly #starts = new Set<Promise<Address>>();
  readonly #removing = new Set<string>();
  readonly #executions = new LocalExecutions();
  /** By sandbox: a removal waits for them, or they would stop what it has let go on. */
  readonly #freezes = new Map<string, Promise<void>>();
  /** How sandboxes ended that this agent started and saw end: the exit code, or the signal. */
  readonly #exits = new Map<string, Pick<Diagnosis, 'exitCode' | 'signal'>>();
  #trimming: NodeJS.Timeout | undefined;
  #recipe: LocalRecipe | undefined;
  /** Each recipe that was in use, by its digest. */
  readonly #recipes = new Map<string, LocalRecipe>();
  #onExit: (id: string) => void = () => undefined;
  #closing = false;

  constructor(config: LocalConfig, context: LocalEngineContext) {
    this.#config = config;
    this.#context = context;
    // An absolute path, because a sandbox has another working directory.
    this.#records = new LocalRecords(resolve(config.dataDir, 'local'), context.nodeId, context.logger);
  }

  describe(image?: string): string {
    const recipe = [...this.#recipes.values()].find((each) => each.image === image) ?? this.#recipe;
    // Known once it is open: it looks whether Jupyter is installed.
    return recipe?.describes ?? (this.#config.command || 'a local command');
  }

  get recipe(): string {
    return this.#recipe?.digest ?? '';
  }

  async renew(): Promise<void> {
    this.#recipe = await this.#learnRecipe();
  }

  async open(onExit: (id: string) => void): Promise<void> {
    this.#onExit = onExit;
    await this.#records.open();
    this.#trimming = setInterval(() => void this.#records.trimOutputs(), TRIM_MS).unref();
    const { describes } = await this.#present();
    this.#context.logger.warn(
      { command: describes },
      'THE LOCAL ENGINE ISOLATES NOTHING: anyone who reaches a sandbox can run programs as this user on this machine',
    );
  }

  start(spec: SandboxSpec): Promise<Address> {
    const work = this.#start(spec);
    this.#starts.add(work);
    const forget = (): boolean => this.#starts.delete(work);
    work.then(forget, forget);
    return work;
  }

  async remove(id: string): Promise<void> {
    const record = await this.#records.read(id);
    if (record === undefined) {
      this.#releasePort(id);
      return;
    }
    this.#removing.add(id);
    try {
      await this.#freezes.get(id)?.catch(() => undefined);
      if (record.process !== undefined) {
        // What is stopped hears no SIGTERM, and only Jupyter itself can end its kernels.
        if (await isFrozen(record.process)) await thawProcesses(record.process);
        await killGroup(record.process, GRACE_MS);
      }
      // They are in groups of their own, and would outlive the sandbox.
      await this.#executions.end(id);
      await this.#records.forget(id);
      this.#releasePort(id);
      this.#exits.delete(id);
    } finally {
      this.#removing.delete(id);
    }
  }

  async list(): Promise<readonly EngineSandbox[]> {
    const records = await this.#records.all();
    return Promise.all(
      records.map(async (record) => ({
        id: record.id,
        running: record.process !== undefined && (await isRunning(record.process)),
        frozen: record.process !== undefined && (await isFrozen(record.process)),
        address: record.process === undefined ? undefined : { host: LOOPBACK, port: record.port },
        image: record.image,
        recipe: record.recipe ?? '',
        createdAt: record.createdAt,
      })),
    );
  }

  async diagnose(id: string): Promise<Diagnosis | undefined> {
    const record = await this.#records.read(id);
    if (record === undefined) return undefined;
    return {
      running: record.process !== undefined && (await isRunning(record.process)),
      exitCode: undefined,
      ...this.#exits.get(id),
      outOfMemory: false,
      output: await this.#records.output(id),
    };
  }

  async execute({ id, token, command, stdin }: ExecutionSpec): Promise<Execution> {
    const record = await this.#records.read(id);
    if (record === undefined) throw new FleetError('not-found', 'the engine has no such sandbox any more');
    if (record.process === undefined || this.#removing.has(id) || !(await isRunning(record.process)))
      throw new FleetError('conflict', 'the sandbox does not run');
    const { extraEnv } = this.#recipes.get(record.recipe ?? '') ?? (await this.#present());
    const env = this.#environment(this.#records.home(id), token, extraEnv);
    return this.#executions.begin(id, { command, stdin, home: this.#records.home(id), env });
  }

  async usage(id: string): Promise<Usage | undefined> {
    const record = await this.#records.read(id);
    return record?.process === undefined ? undefined : usageOfGroup(record.process);
  }

  async freezeSavings(): Promise<FreezeSavings> {
    return LOCAL_SAVINGS;
  }

  async freeze(id: string): Promise<void> {
    const record = await this.#records.read(id);
    if (record === undefined) throw new FleetError('not-found', 'the engine has no such sandbox any more');
    const { process: leader } = record;
    if (leader === undefined || this.#removing.has(id))
      throw new FleetError('conflict', 'the sandbox does not run');
    const freeze = freezeProcesses(leader, () => !this.#removing.has(id));
    this.#freezes.set(id, freeze);
    await freeze.finally(() => this.#freezes.delete(id));
  }

  async thaw(id: string): Promise<void> {
    const record = await this.#records.read(id);
    if (record?.process !== undefined) await thawProcesses(record.process);
  }

  /** This engine pulls nothing: the text of the command is its identity. */
  async image(): Promise<string> {
    return (await this.#present()).image;
  }

  get disks(): readonly string[] {
    return [this.#config.dataDir];
  }

  async close(options: { readonly purge?: boolean } = {}): Promise<void> {
    this.#closing = true;
    clearInterval(this.#trimming);
    await Promise.allSettled(this.#starts);
    if (options.purge !== true) return;
    const records = await this.#records.all();
    await Promise.all(records.map(({ id }) => this.remove(id)));
  }

  async #start(spec: SandboxSpec): Promise<Address> {
    const recipe = this.#recipes.get(spec.recipe ?? '') ?? (await this.#present());
    const { template, image } = recipe;
    const port = await this.#reservePort(spec.id);
    if (this.#closing) throw new FleetError('engine-unavailable', 'this node is stopping');
    const intent: LocalRecord = {
      id: spec.id,
      node: this.#context.nodeId,
      port,
      image,
      recipe: recipe.digest,
      createdAt: this.#context.clock.now(),
    };
    spec.onPhase?.('prepare');
    await this.#records.write(intent);
    await mkdir(this.#records.home(spec.id), { recursive: true, mode: 0o700 });
    spec.onPhase?.('create');
    const values = {
      base_path: basePath(spec.id).slice(1),
      port: String(port),
      ip: LOOPBACK,
      token: spec.token,
    };
    const child = this.#spawn(spec, fillPlaceholders(template, values), recipe.extraEnv);
    this.#watch(spec.id, child);
    const leader = await this.#identify(child);
    await this.#records.write({ ...intent, process: leader });
    // The command may begin only now, when its process is on record.
    letGo(child);
    spec.onPhase?.('start');
    return { host: LOOPBACK, port };
  }

  #spawn({ id, token }: SandboxSpec, command: string, extraEnv: readonly string[]): ChildProcess {
    const home = this.#records.home(id);
    // A file, because a pipe would break when this agent ends.
    const output = this.#records.openOutput(id);
    try {
      return spawnWaiting({ command, home, output, env: this.#environment(home, token, extraEnv) });
    } finally {
      closeSync(output);
    }
  }

  async #identify(child: ChildProcess): Promise<GroupLeader> {
    const { pid } = child;
    if (pid === undefined) {
      const cause = await new Promise<unknown>((settle) => child.once('error', settle));
      throw new FleetError('start-failed', `a process could not be started: ${describeError(cause)}`, {
        cause,
      });
    }
    const startedAt = await startTime(pid);
    if (startedAt === undefined)
      throw new FleetError('start-failed', 'a process ended as soon as it was started');
    return { pid, startedAt };
  }

  #watch(id: string, child: ChildProcess): void {
    const { logger } = this.#context;
    child.on('error', (error) =>
      logger.warn({ sandbox: shortId(id), error: describeError(error) }, 'a process failed'),
    );
    child.stdin?.on('error', (error) =>
      logger.debug({ error: describeError(error) }, 'the process ended before its command began'),
    );
    child.once('exit', (code, signal) => {
      if (this.#removing.has(id) || this.#closing) return;
      this.#exits.set(id, { exitCode: code ?? undefined, signal: signal ?? undefined });
      logger.info({ sandbox: shortId(id), code, signal }, 'a sandbox exited by itself');
      this.#onExit(id);
    });
  }

  /** Nothing of the agent's own environment: it may hold tokens. */
  #environment(home: string, token: string, extraEnv: readonly string[]): Record<string, string> {
    const { env } = this.#context;
    return {
      PATH: env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
      HOME: home,
      LANG: env.LANG ?? 'C.UTF-8',
      ...environmentOf(extraEnv),
      ...secretEnvironment(token),
    };
  }

  async #reservePort(id: string): Promise<number> {
    const reserved = await reservePort();
    this.#ports.set(id, reserved);
    return reserved.port;
  }

  #releasePort(id: string): void {
    this.#ports.get(id)?.release();
    this.#ports.delete(id);
  }

  async #present(): Promise<LocalRecipe> {
    this.#recipe ??= await this.#learnRecipe();
    return this.#recipe;
  }

  /** What the options say now. */
  async #learnRecipe(): Promise<LocalRecipe> {
    const { command, extraEnv } = this.#config;
    const chosen = await chooseCommand(command, this.#context.env);
    const digest = digestOf([chosen.template, extraEnv, ...primeRecipe(this.#config)]);
    const recipe = { ...chosen, extraEnv, digest, image: `command:${digestOf([chosen.template])}` };
    this.#recipes.set(digest, recipe);
    return recipe;
  }
}
