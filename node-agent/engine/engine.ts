// What a node needs of whatever runs its sandboxes. Two implementations, one contract suite:
// `docker` (docker/) and `local` (local/), child processes on loopback.
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Diagnosis } from './diagnosis.ts';

/** What to start. The pool makes the id; everything else is the node's configuration. */
export interface SandboxSpec {
  readonly id: string;
  /** Given to the sandbox as `{token}`, for servers that ask for one; the proxy adds it to every request. */
  readonly token: string;
  /** The image to use, as `image` returned it. An engine without images ignores it. */
  readonly image?: string;
}

/** One of this node's sandboxes, as the engine sees it: the truth about what exists. */
export interface EngineSandbox {
  readonly id: string;
  readonly running: boolean;
  /** Where its HTTP server listens, once that is known. */
  readonly address: Address | undefined;
  /** The identity of the image (or command) it was made from, to be compared with `image()`. */
  readonly image: string;
  /** What else it was made by, to be compared with the engine's own `recipe`; empty when that is not known. */
  readonly recipe: string;
  /** ms since 1970. */
  readonly createdAt: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the pool needs of an engine. Every call has a deadline inside; none waits for ever. */
export interface SandboxRunner {
  /** The identity of what sandboxes are made by beside the image: command, environment, limits. Known once it is open. */
  readonly recipe: string;
  /**
   * Starts one and returns where it will listen; it need not answer yet. What fails half-way is still in `list`.
   * @throws FleetError `start-failed`, `engine-unavailable`, `engine-timeout`, `image-missing`
   */
  start(spec: SandboxSpec): Promise<Address>;
  /** Ends and forgets one, with everything anonymous that it had. Already gone is success. */
  remove(id: string): Promise<void>;
  /** All sandboxes of this node, dead ones too, and none of another node. Changes nothing. */
  list(): Promise<readonly EngineSandbox[]>;
  /** What became of one, for the log and for operators; undefined when the engine does not have it. */
  diagnose(id: string): Promise<Diagnosis | undefined>;
  /** The identity of what `start` would use now. With `pull`, asks the image's source for a newer one first. */
  image(options?: { readonly pull?: boolean }): Promise<string>;
}

/** An engine as the program that owns it sees it. */
export interface Engine extends SandboxRunner {
  readonly kind: EngineKind;
  /** What readers and operators see as the content of sandboxes: an image's name or a command. */
  readonly describes: string;
  /** Directories on the disks that sandboxes write to; known once it is open. */
  readonly disks: readonly string[];
  /**
   * Connects, checks the image or command and prepares the network. Calls `onExit` for sandboxes that stopped:
   * a hint that may be missing; `list` is the truth.
   * @throws FleetError `engine-unavailable`, `image-missing`
   */
  open(onExit: (id: string) => void): Promise<void>;
  /** Lets go of connections. Sandboxes stay, unless `purge`: then they and the network go too. */
  close(options?: { readonly purge?: boolean }): Promise<void>;
}

export type EngineKind = 'docker' | 'local';

/** What every engine is made with. */
export interface EngineContext {
  readonly nodeId: string;
  readonly logger: Logger;
  readonly clock: Clock;
}
