// Which nodes exist: the seams. `file.ts` keeps it in a file, `redis.ts` in a Redis that several redirectors share.
import type { Member } from '../../shared/protocol/wire.ts';
import type { AuditEntry } from './audit.ts';

export interface Registry {
  /** What is known now; never waits. */
  members(): readonly Member[];
  /** @throws FleetError `conflict` when the id or the address is there already, or when it cannot be kept */
  add(member: Member): Promise<void>;
  /** False when there was none of this id. @throws FleetError `conflict` when that cannot be kept */
  remove(id: string): Promise<boolean>;
  /** Called with the whole membership after every change, whoever made it. */
  watch(onChange: (members: readonly Member[]) => void): void;
  close(): Promise<void>;
}

/**
 * How what is known stands to what is stored. `current`: the same. `unreachable`: the store cannot be asked. `lost`: it
 * can, but what it says would cost nodes without anybody having said so: gone, emptied, or an older state. In the
 * last two cases the fleet goes on with what was known, and an operator decides.
 */
export const REGISTRY_STATES = ['current', 'unreachable', 'lost'] as const;

export interface RegistryStatus {
  readonly kind: 'file' | 'redis';
  /** A path, or an address without its password. */
  readonly where: string;
  readonly state: (typeof REGISTRY_STATES)[number];
  /** ms since 1970; since when it is in this state */
  readonly since: number;
  /** What is wrong. */
  readonly why: string | undefined;
}

/** The one that keeps it, rather than being told of it. */
export interface KeptRegistry extends Registry {
  status(): RegistryStatus;
  /** What is stored counts from now on, be it nothing. @throws FleetError `conflict` when there is nothing to decide */
  accept(): Promise<void>;
  /** What is known is stored again. @throws FleetError `conflict` when there is nothing to decide */
  restore(): Promise<void>;
  /** Who did what. Never fails: what cannot be kept is logged whole. */
  note(entry: AuditEntry): Promise<void>;
  /** Newest first. @throws FleetError `conflict` when the store cannot be asked */
  audit(limit: number): Promise<readonly AuditEntry[]>;
}
