// Which nodes are in the fleet: the seams. `file.ts` keeps the list in a file, `redis.ts` in a Redis that several redirectors share.
import type { REGISTRY_STATES } from '../../shared/api/registry.ts';
import type { AuditTrail } from '../../shared/audit/audit-file.ts';
import type { Member } from '../../shared/protocol/wire.ts';

export type MembersListener = (members: readonly Member[]) => void;

/** The list of nodes. */
export interface Membership {
  /** The last known list; never waits. */
  members(): readonly Member[];
  /**
   * @throws FleetError `already-exists` for a known id or address, `conflict` when the registry is lost,
   * `registry-unreachable` when it does not answer
   */
  add(member: Member): Promise<void>;
  /** False when there is no node of this id. @throws FleetError `conflict` or `registry-unreachable`, as for `add` */
  remove(id: string): Promise<boolean>;
  /** Calls `onChange` with the whole list after every change, by this redirector or from outside. */
  watch(onChange: MembersListener): void;
}

export interface RegistryStatus {
  readonly kind: 'file' | 'redis';
  /** A path, or an address without its password. */
  readonly where: string;
  readonly state: (typeof REGISTRY_STATES)[number];
  /** Since when it is in this state, ms since 1970. */
  readonly since: number;
  /** What is wrong. */
  readonly why: string | undefined;
}

/** What an operator does after data loss. */
export interface RegistryRecovery {
  status(): RegistryStatus;
  /**
   * Uses the stored list as it is, even if it is empty.
   * @throws FleetError `conflict` when nothing was lost, `registry-unreachable` when the store does not answer
   */
  accept(): Promise<void>;
  /** Stores the last known list again. @throws FleetError as for `accept` */
  restore(): Promise<void>;
}

/** All that one store keeps for a redirector. */
export interface OwnedRegistry {
  readonly membership: Membership;
  readonly recovery: RegistryRecovery;
  readonly audit: AuditTrail;
  close(): Promise<void>;
}
