// Gives each container a user id of its own. The kernel counts inotify instances, timers, pipe pages, message queues
// and locked memory per user, over all containers and the host: with one id for all, one sandbox can use up those of
// its peers, and of the host's own user with that number.
import { FleetError } from '../../../shared/errors.ts';
import { LABELS } from './names.ts';
import { parseUserIds, type UserIdRange } from './user-id-range.ts';

interface Labelled {
  readonly Labels: Readonly<Record<string, string>>;
}

export class UserIds {
  readonly #range: UserIdRange | undefined;
  /** By sandbox. */
  readonly #taken = new Map<string, number>();
  #next = 0;

  /** @param range such as `200000-209999`; `off` gives none */
  constructor(range: string) {
    this.#range = parseUserIds(range);
  }

  /** Learns the ids of containers that exist, of sandboxes started earlier too. */
  observe(containers: readonly Labelled[]): void {
    for (const { Labels } of containers) {
      const [sandbox, id] = [Labels[LABELS.sandbox], Number(Labels[LABELS.uid])];
      if (sandbox !== undefined && Number.isInteger(id)) this.#taken.set(sandbox, id);
    }
  }

  /**
   * An id that no living sandbox has; the one given back last comes last. Undefined when the sandboxes share an id.
   * @throws FleetError `start-failed` when all are taken
   */
  take(sandbox: string): number | undefined {
    if (this.#range === undefined) return undefined;
    const { first, count } = this.#range;
    const taken = new Set(this.#taken.values());
    for (let tries = 0; tries < count; tries += 1) {
      const id = first + this.#next;
      this.#next = (this.#next + 1) % count;
      if (taken.has(id)) continue;
      this.#taken.set(sandbox, id);
      return id;
    }
    throw new FleetError('start-failed', `uid-range: all ${count} user ids are taken`, {
      remedy: 'give --uid-range more ids than --capacity',
    });
  }

  forget(sandbox: string): void {
    this.#taken.delete(sandbox);
  }
}
