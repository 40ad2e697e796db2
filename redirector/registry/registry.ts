// Which nodes exist: the seam. `file.ts` keeps it in a file.
import type { Member } from '../../shared/wire.ts';

export interface Registry {
  /** What is known now; never waits. */
  members(): readonly Member[];
  /** @throws FleetError `conflict` when the id or the address is there already, under another address or id */
  add(member: Member): Promise<void>;
  /** False when there was none of this id. */
  remove(id: string): Promise<boolean>;
  /** Called with the whole membership after every change, whoever made it. */
  watch(onChange: (members: readonly Member[]) => void): void;
  close(): Promise<void>;
}
