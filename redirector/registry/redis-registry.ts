// The registry in a Redis that several redirectors share: the commands. redis-watch.ts keeps the list current.

import type { AuditEntry } from '../../shared/api/registry.ts';
import type { AuditTrail } from '../../shared/audit/audit-file.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { type Member, normalizeNodeUrl } from '../../shared/protocol/wire.ts';
import type { LastKnown } from './consistency.ts';
import { type RedisRegistryOptions, RedisWatch } from './redis-watch.ts';
import type {
  Membership,
  MembersListener,
  OwnedRegistry,
  RegistryRecovery,
  RegistryStatus,
} from './registry.ts';

const CHANGE_TRIES = 3;

/** Resolves when Redis has answered, or with the last known list when it does not. */
export async function openRedisRegistry(options: RedisRegistryOptions): Promise<OwnedRegistry> {
  const watch = await RedisWatch.open(options);
  const registry = new RedisRegistry(watch, options);
  return {
    membership: registry,
    recovery: registry,
    audit: new RedisAudit(watch, options),
    close: () => watch.close(),
  };
}

class RedisRegistry implements Membership, RegistryRecovery {
  readonly #watch: RedisWatch;
  readonly #options: RedisRegistryOptions;

  constructor(watch: RedisWatch, options: RedisRegistryOptions) {
    this.#watch = watch;
    this.#options = options;
  }

  members(): readonly Member[] {
    return this.#watch.members();
  }

  status(): RegistryStatus {
    return this.#watch.status();
  }

  watch(onChange: MembersListener): void {
    this.#watch.onMembers(onChange);
  }

  async add(member: Member): Promise<void> {
    const url = normalizeNodeUrl(member.url);
    const said = await this.#change((id) => this.#watch.store.add(id, { id: member.id, url }));
    if (said === 'ok') return;
    const [id = '', at = ''] = said.split(' ');
    throw new FleetError('already-exists', `node ${id} at ${at} is there already`, {
      remedy: 'remove it first, or give another id',
    });
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#change((registry) => this.#watch.store.remove(registry, id))) === 'ok';
  }

  async accept(): Promise<void> {
    const { store } = this.#watch;
    const known = this.#lost();
    const { marker, members } = await ask(this.#options.url, () => store.read());
    const generation = Math.max(known.generation, marker?.generation ?? 0);
    // Under the id that the other redirectors know, so that they follow.
    await ask(this.#options.url, () => store.accept(known.id, generation));
    this.#options.logger.warn({ nodes: members.length }, 'the registry is taken over as it is, by order');
    await this.#watch.look();
  }

  async restore(): Promise<void> {
    const { store } = this.#watch;
    const known = this.#lost();
    const { marker } = await ask(this.#options.url, () => store.look());
    const generation = Math.max(known.generation, marker?.generation ?? 0);
    await ask(this.#options.url, () => store.restore({ ...known, generation }));
    const nodes = known.members.length;
    this.#options.logger.warn({ nodes }, 'the registry is restored from the last known list, by order');
    await this.#watch.look();
  }

  /** @returns the script's answer, once its change is known here */
  async #change(make: (registry: string) => Promise<string>): Promise<string> {
    const { url } = this.#options;
    for (let tries = 0; tries < CHANGE_TRIES; tries += 1) {
      this.#refuseWhenLost();
      const { known } = this.#watch;
      if (known === undefined) throw unreachable(url, this.status().why ?? '');
      const said = await ask(url, () => make(known.id));
      await this.#watch.look();
      if (said !== 'lost') return said;
      // Created again a moment ago, perhaps, with nothing lost: this look has read it.
    }
    throw unreachable(url, 'it changes faster than it can be read');
  }

  #refuseWhenLost(): void {
    const { state, why } = this.status();
    if (state !== 'lost') return;
    throw new FleetError('conflict', `the registry cannot be changed now: ${why}`, {
      remedy: 'look at it, then type tmpfleet registry restore --force, or tmpfleet registry accept --force',
    });
  }

  #lost(): LastKnown {
    const { known } = this.#watch;
    const { state, why } = this.status();
    if (state === 'lost' && known !== undefined) return known;
    const reason = state === 'current' ? 'it is as it is known here' : why;
    throw new FleetError('conflict', `there is nothing to decide about the registry: ${reason}`);
  }
}

class RedisAudit implements AuditTrail {
  readonly #watch: RedisWatch;
  readonly #options: RedisRegistryOptions;

  constructor(watch: RedisWatch, options: RedisRegistryOptions) {
    this.#watch = watch;
    this.#options = options;
  }

  async note(entry: AuditEntry): Promise<void> {
    await this.#watch.store
      .note(entry)
      .catch((error: unknown) =>
        this.#options.logger.error(
          { error: describeError(error), entry },
          'an audit entry could not be stored',
        ),
      );
  }

  list(limit: number): Promise<readonly AuditEntry[]> {
    return ask(this.#options.url, () => this.#watch.store.audit(limit));
  }
}

/** @throws FleetError `registry-unreachable` when Redis does not answer */
async function ask<T>(url: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw unreachable(url, describeError(error));
  }
}

function unreachable(url: string, why: string): FleetError {
  return new FleetError('registry-unreachable', `the registry at ${url} cannot be reached: ${why}`, {
    remedy: 'see that Redis runs there; until then the fleet goes on with the nodes it knows',
  });
}
