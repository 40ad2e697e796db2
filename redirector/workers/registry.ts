// A worker's registry: what the primary last said. Changing it is the primary's business.
import { FleetError } from '../../shared/errors.ts';
import type { Member } from '../../shared/protocol/wire.ts';
import type { KeptRegistry, Registry } from '../registry/registry.ts';

export class GivenRegistry implements Registry {
  #members: readonly Member[] = [];
  readonly #listeners: ((members: readonly Member[]) => void)[] = [];

  set(members: readonly Member[]): void {
    this.#members = members;
    for (const listener of this.#listeners) listener(members);
  }

  members(): readonly Member[] {
    return this.#members;
  }

  async add(member: Member): Promise<void> {
    throw new FleetError('unavailable', `a worker cannot add ${member.id}`);
  }

  async remove(id: string): Promise<boolean> {
    throw new FleetError('unavailable', `a worker cannot remove ${id}`);
  }

  watch(onChange: (members: readonly Member[]) => void): void {
    this.#listeners.push(onChange);
  }

  async close(): Promise<void> {
    this.#listeners.length = 0;
  }
}

/** A registry whose changes are made when everybody has heard of them, and not before. */
export function announced(registry: KeptRegistry, announce: () => Promise<void>): KeptRegistry {
  const after = async <T>(change: Promise<T>): Promise<T> => {
    const result = await change;
    await announce();
    return result;
  };
  return {
    members: () => registry.members(),
    add: (member) => after(registry.add(member)),
    remove: (id) => after(registry.remove(id)),
    accept: () => after(registry.accept()),
    restore: () => after(registry.restore()),
    status: () => registry.status(),
    note: (entry) => registry.note(entry),
    audit: (limit) => registry.audit(limit),
    watch: (onChange) => registry.watch(onChange),
    close: () => registry.close(),
  };
}
