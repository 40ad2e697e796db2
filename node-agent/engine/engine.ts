// The interface between a node and the engine that runs its sandboxes. Two implementations, one contract suite:
// `docker` (docker/) and `local` (local/), child processes on loopback.
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Execution, ExecutionSpec } from './execution.ts';

/** What to start. The pool creates the id; everything else is the node's configuration. */
export interface SandboxSpec {
  readonly id: string;
  /** Given to the sandbox as `{token}`, for servers that require one; the proxy adds it to every request. */
  readonly token: string;
  /** The identity that `image` returned: a newer image is not used by itself. Engines without images ignore it. */
  readonly image?: string;
  /** Called as each phase of the start is over, where they are measured. */
  readonly onPhase?: ((phase: 'prepare' | 'create' | 'start') => void) | undefined;
  /** What `recipe` was: another may be in use by now. Without it, or where the engine no longer knows it, the present one. */
  readonly recipe?: string;
}

/** One of this node's sandboxes as the engine sees it, which is the truth about what exists. */
export interface EngineSandbox {
  readonly id: string;
  readonly running: boolean;
  /** Its processes are stopped where they were; so it is `running`, too. */
  readonly frozen: boolean;
  /** Where its HTTP server listens, once known. */
  readonly address: Address | undefined;
  /** The identity of the image (or command) it was made from, to be compared with `image()`. */
  readonly image: string;
  /** Identity of everything else it was made from, to be compared with the engine's `recipe`; empty when unknown. */
  readonly recipe: string;
  /** ms since 1970. */
  readonly createdAt: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the pool needs of an engine. Every call has its own deadline, so none waits for ever. */
export interface SandboxRunner {
  /** Identity of what sandboxes are made from besides the image: command, environment, limits. Known once it is open. */
  readonly recipe: string;
  /**
   * Starts a sandbox and returns where it will listen; its server need not answer yet. A half-failed start is in `list`.
   * @throws FleetError `start-failed`, `engine-unavailable`, `engine-timeout`, `image-missing`
   */
  start(spec: SandboxSpec): Promise<Address>;
  /** Ends and removes a sandbox, with all of its anonymous volumes. A missing sandbox is success. */
  remove(id: string): Promise<void>;
  /** All sandboxes of this node, stopped ones too, and none of another node. Changes nothing. */
  list(): Promise<readonly EngineSandbox[]>;
  /** Why a sandbox stopped, for the log and for operators; undefined when the engine does not have it. */
  diagnose(id: string): Promise<Diagnosis | undefined>;
  /** The identity of the image that `start` would use now. With `pull`, asks the image's source for a newer one first. */
  image(options?: { readonly pull?: boolean }): Promise<string>;
  /**
   * Takes over the image and the recipe of the configuration as it is now, after a reload. The image is pulled if need be;
   * without it, those of before stay in use. What runs is not touched.
   * @throws FleetError `image-missing`, `engine-unavailable`, `engine-timeout`, `bad-config`
   */
  renew(): Promise<void>;
}

/** An engine as the program that owns it sees it: it opens and closes it. */
export interface Engine extends SandboxRunner {
  readonly kind: EngineKind;
  /** What sandboxes run, for readers and operators: an image's name or a command. @param image an identity; default: the present one */
  describe(image?: string): string;
  /** Directories on the disks that sandboxes write to; known once it is open. */
  readonly disks: readonly string[];
  /**
   * Connects, checks the image or command and prepares the network. Calls `onExit` for sandboxes that stopped:
   * a hint that may be missing; `list` is the truth.
   * @throws FleetError `engine-unavailable`, `image-missing`
   */
  open(onExit: (id: string) => void): Promise<void>;
  /** Closes connections. Sandboxes stay, unless `purge`: then they and the network are removed too. */
  close(options?: { readonly purge?: boolean }): Promise<void>;
}

/** What a sandbox has used of the host since its start. */
export interface Usage {
  /** Processor time. */
  readonly cpuMs: number;
  /** At this time. */
  readonly memoryBytes: number;
}

/** An engine that can say what sandboxes cost; the pool does not need to know. */
export interface MeasuringEngine extends Engine {
  /** Undefined for a sandbox that does not run, and where the system does not say. */
  usage(id: string): Promise<Usage | undefined>;
}

/** An engine that can run a command in a sandbox, for operators. */
export interface ExecutingEngine extends MeasuringEngine {
  /**
   * @throws FleetError `not-found` for a sandbox that the engine does not have, `conflict` for one that does not run,
   *   `bad-request` for a program that cannot be run, `engine-unavailable`, `engine-timeout`
   */
  execute(spec: ExecutionSpec): Promise<Execution>;
}

/** What freezing saves on this host. */
export interface FreezeSavings {
  /** Whether sandboxes can be frozen at all. */
  readonly cpu: boolean;
  /** Whether the memory of a frozen one goes to the host's swap. */
  readonly memory: boolean;
  /** What is missing, for operators; empty where nothing is. */
  readonly missing: string;
}

/** An engine that can stop the processes of a sandbox where they are, and let them go on. */
export interface FreezingEngine extends ExecutingEngine {
  freezeSavings(): Promise<FreezeSavings>;
  /**
   * Resolves when all processes are stopped; their memory is pushed out after that, until the thaw. A frozen one is success.
   * @throws FleetError `not-found`, `conflict` for one that does not run, `engine-unavailable`, `engine-timeout`
   */
  freeze(id: string): Promise<void>;
  /** One that is not frozen, or is missing, is success. @throws FleetError `engine-unavailable`, `engine-timeout` */
  thaw(id: string): Promise<void>;
}

export type EngineKind = 'docker' | 'local';

/** What every engine needs from the program. */
export interface EngineContext {
  readonly nodeId: string;
  readonly logger: Logger;
  readonly clock: Clock;
}
