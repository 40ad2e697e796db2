// The registry in a Redis that several redirectors share. Redis tells of changes at once, and is looked at every second all
// the same; while it is away, or says what cannot be meant, what was last known counts.
import { newNonce } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { type Member, normalizeNodeUrl } from '../../shared/protocol/wire.ts';
import type { AuditEntry } from './audit.ts';
import { judge, type Known } from './consistency.ts';
import type { KnownFile } from './last-known-file.ts';
import { RedisStore } from './redis-store.ts';
import type { KeptRegistry, RegistryStatus } from './registry.ts';

/** Also what makes good for a message that was lost. ms */
const LOOK_MS = 1_000;
/** A start waits so long for the first word of Redis. ms */
const FIRST_WORD_MS = 3_000;
/** Away for so long, and the connection is made anew. ms */
const STALE_MS = 10_000;
const CHANGE_TRIES = 3;

export interface RedisRegistryOptions {
  /** `redis://[user@]host[:port][/db]`, or `rediss://`; without a password. */
  readonly url: string;
  readonly password: string;
  readonly file: KnownFile;
  readonly logger: Logger;
}

export class RedisRegistry implements KeptRegistry {
  readonly #options: RedisRegistryOptions;
  readonly #store: RedisStore;
  #known: Known | undefined;
  #listeners: ((members: readonly Member[]) => void)[] = [];
  #status: Pick<RegistryStatus, 'state' | 'since' | 'why'>;
  #looking: Promise<void> | undefined;
  #again = false;
  #isClosed = false;
  /** ms since 1970: when it last answered, or was last connected to anew. */
  #heard = Date.now();
  readonly #timer: NodeJS.Timeout;

  /** Resolves when Redis has spoken, or with what was known before when it does not. */
  static async open(options: RedisRegistryOptions): Promise<RedisRegistry> {
    const registry = new RedisRegistry(options);
    const until = performance.now() + FIRST_WORD_MS;
    while (registry.#status.state === 'unreachable' && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await registry.#look();
    }
    if (registry.#status.state === 'unreachable') registry.#tell();
    return registry;
  }

  private constructor(options: RedisRegistryOptions) {
    const { url, password, file } = options;
    this.#options = options;
    this.#known = file.read();
    this.#status = { state: 'unreachable', since: Date.now(), why: 'it has not answered yet' };
    this.#store = new RedisStore({
      ...{ url, password },
      onChange: () => void this.#look(),
      onConnection: (error) => {
        if (error === undefined) void this.#look();
        else this.#become('unreachable', describeError(error));
      },
    });
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  members(): readonly Member[] {
    return this.#known?.members ?? [];
  }

  status(): RegistryStatus {
    return { kind: 'redis', where: this.#options.url, ...this.#status };
  }

  async add(member: Member): Promise<void> {
    const url = normalizeNodeUrl(member.url);
    const said = await this.#change((id) => this.#store.add(id, { id: member.id, url }));
    if (said === 'ok') return;
    const [id = '', at = ''] = said.split(' ');
    throw new FleetError('already-exists', `node ${id} at ${at} is there already`, {
      remedy: 'remove it first, or give another id',
    });
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#change((registry) => this.#store.remove(registry, id))) === 'ok';
  }

  watch(onChange: (members: readonly Member[]) => void): void {
    this.#listeners.push(onChange);
  }

  async accept(): Promise<void> {
    const known = this.#lost();
    const { marker, members } = await this.#asked(() => this.#store.read());
    const generation = Math.max(known.generation, marker?.generation ?? 0);
    // Under the name that the other redirectors know, so that they follow.
    await this.#asked(() => this.#store.accept(known.id, generation));
    this.#options.logger.warn(
      { nodes: members.length },
      'the registry is obeyed as it is: an operator said so',
    );
    await this.#look();
  }

  async restore(): Promise<void> {
    const known = this.#lost();
    const { marker } = await this.#asked(() => this.#store.look());
    const generation = Math.max(known.generation, marker?.generation ?? 0);
    await this.#asked(() => this.#store.restore({ ...known, generation }));
    this.#options.logger.warn(
      { nodes: known.members.length },
      'the registry was written anew from what is known here',
    );
    await this.#look();
  }

  async note(entry: AuditEntry): Promise<void> {
    await this.#store
      .note(entry)
      .catch((error: unknown) =>
        this.#options.logger.error({ error: describeError(error), entry }, 'the audit trail cannot be kept'),
      );
  }

  audit(limit: number): Promise<readonly AuditEntry[]> {
    return this.#asked(() => this.#store.audit(limit));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#listeners = [];
    this.#store.close();
    await this.#looking;
  }

  /** @returns what the script said, once what it did is known here */
  async #change(make: (registry: string) => Promise<string>): Promise<string> {
    for (let tries = 0; tries < CHANGE_TRIES; tries += 1) {
      this.#refuseWhenLost();
      const known = this.#known;
      if (known === undefined) throw this.#away(this.#status.why ?? '');
      const said = await this.#asked(() => make(known.id));
      await this.#look();
      if (said !== 'lost') return said;
      // Begun again a moment ago, perhaps, with nothing lost: then this look has told of it.
    }
    throw this.#away('it changes faster than it can be read');
  }

  #refuseWhenLost(): void {
    if (this.#status.state !== 'lost') return;
    throw new FleetError('conflict', `the registry cannot be changed now: ${this.#status.why}`, {
      remedy: 'look at it, then type tmpfleet registry restore --force, or tmpfleet registry accept --force',
    });
  }

  #lost(): Known {
    if (this.#status.state === 'lost' && this.#known !== undefined) return this.#known;
    const why = this.#status.state === 'current' ? 'it is as it is known here' : (this.#status.why ?? '');
    throw new FleetError('conflict', `there is nothing to decide about the registry: ${why}`);
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw this.#away(describeError(error));
    }
  }

  #away(why: string): FleetError {
    return new FleetError('conflict', `the registry at ${this.#options.url} cannot be asked: ${why}`, {
      remedy: 'see that Redis runs there; until then the fleet goes on with the nodes it knows',
    });
  }

  /** One look at a time; what changes meanwhile is looked at once more. Never fails. */
  #look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = (async () => {
      do {
        this.#again = false;
        await this.#lookOnce();
        // Where there is no answer, the next look comes by the clock.
      } while (this.#again && !this.#isClosed && this.#status.state !== 'unreachable');
    })().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    try {
      const { marker, held } = await this.#store.look();
      const verdict = judge(marker, held, this.#known);
      if (verdict.is === 'lost') return this.#become('lost', verdict.why);
      if (verdict.is === 'begin') {
        await this.#store.begin(this.#known?.id ?? newNonce());
        this.#again = true;
        return;
      }
      if (verdict.is === 'newer') await this.#take();
      this.#become('current', undefined);
    } catch (error) {
      const state = error instanceof FleetError ? 'lost' : 'unreachable';
      if (!this.#isClosed) this.#become(state, describeError(error));
    }
  }

  async #take(): Promise<void> {
    const { marker, members } = await this.#store.read();
    // Emptied between the two looks: the next one tells.
    if (marker === undefined || marker.count !== members.length) {
      this.#again = true;
      return;
    }
    this.#known = { id: marker.id, generation: marker.generation, members };
    this.#options.file.write(this.#known);
    for (const listener of this.#listeners) listener(members);
  }

  #become(state: RegistryStatus['state'], why: string | undefined): void {
    const now = Date.now();
    const before = this.#status;
    this.#status = { state, why, since: before.state === state ? before.since : now };
    if (before.state !== state) this.#tell();
    if (state !== 'unreachable') this.#heard = now;
    // Every so often: nobody knows whether there is still anybody at the other end.
    else if (now - this.#heard > STALE_MS && !this.#isClosed) {
      this.#heard = now;
      this.#store.reconnect();
    }
  }

  #tell(): void {
    const { logger, url } = this.#options;
    const { state, why } = this.#status;
    const about = { registry: url, nodes: this.members().length };
    if (state === 'current') logger.info(about, 'the registry is there, and heeded');
    else if (state === 'unreachable')
      logger.error({ ...about, why }, 'the registry cannot be reached; going on with the nodes known here');
    else
      logger.error(
        {
          ...about,
          why,
          remedy: 'tmpfleet registry restore --force writes it anew, accept --force obeys it',
        },
        'THE REGISTRY IS NOT HEEDED: it would cost nodes that nobody removed; going on with the nodes known here',
      );
  }
}
