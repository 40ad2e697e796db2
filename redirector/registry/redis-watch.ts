// Watches the registry in Redis: it publishes every change, and is read every second all the same. While Redis is away, or its
// content cannot be trusted, the last known list stays in force.
import { describeLostRegistry } from '../../shared/api/registry.ts';
import { type Clock, newNonce } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Member } from '../../shared/protocol/wire.ts';
import { checkConsistency, type LastKnown } from './consistency.ts';
import type { LastKnownFile } from './last-known-file.ts';
import { RedisStore } from './redis-store.ts';
import type { MembersListener, RegistryStatus } from './registry.ts';

/** Makes up for a published message that was lost. ms */
const LOOK_MS = 1_000;
/** A start waits this long for the first answer of Redis. ms */
const FIRST_ANSWER_MS = 3_000;
/** The connection is replaced after Redis has been unreachable for this long. ms */
const STALE_MS = 10_000;

export interface RedisRegistryOptions {
  /** `redis://[user@]host[:port][/db]`, or `rediss://`; without a password. */
  readonly url: string;
  readonly password: string;
  readonly file: LastKnownFile;
  readonly logger: Logger;
  readonly clock: Clock;
}

export class RedisWatch {
  readonly store: RedisStore;
  readonly #options: RedisRegistryOptions;
  #known: LastKnown | undefined;
  #listeners: MembersListener[] = [];
  #status: Pick<RegistryStatus, 'state' | 'since' | 'why'>;
  #looking: Promise<void> | undefined;
  #again = false;
  #isClosed = false;
  /** When Redis last answered, or the connection was last replaced; monotonic ms. */
  #lastContact: number;
  readonly #timer: NodeJS.Timeout;

  /** Resolves when Redis has answered, or with the last known list when it does not. */
  static async open(options: RedisRegistryOptions): Promise<RedisWatch> {
    const { clock } = options;
    const watch = new RedisWatch(options);
    const until = clock.monotonic() + FIRST_ANSWER_MS;
    while (watch.#status.state === 'unreachable' && clock.monotonic() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await watch.look();
    }
    if (watch.#status.state === 'unreachable') watch.#log();
    return watch;
  }

  private constructor(options: RedisRegistryOptions) {
    const { url, password, file, clock } = options;
    this.#options = options;
    this.#known = file.read();
    this.#lastContact = clock.monotonic();
    this.#status = { state: 'unreachable', since: clock.now(), why: 'it has not answered yet' };
    this.store = new RedisStore({
      ...{ url, password },
      onChange: () => void this.look(),
      onConnection: (error) => {
        if (error === undefined) void this.look();
        else this.#become('unreachable', describeError(error));
      },
    });
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  get known(): LastKnown | undefined {
    return this.#known;
  }

  members(): readonly Member[] {
    return this.#known?.members ?? [];
  }

  status(): RegistryStatus {
    return { kind: 'redis', where: this.#options.url, ...this.#status };
  }

  onMembers(listener: MembersListener): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#listeners = [];
    this.store.close();
    await this.#looking;
  }

  /** Reads what changed; a change during one look is read by a second. Never fails. */
  look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = (async () => {
      do {
        this.#again = false;
        await this.#lookOnce();
        // Without an answer, the timer starts the next look.
      } while (this.#again && !this.#isClosed && this.#status.state !== 'unreachable');
    })().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    try {
      const { marker, held } = await this.store.look();
      const consistency = checkConsistency(marker, held, this.#known);
      if (consistency.is === 'lost') return this.#become('lost', consistency.why);
      if (consistency.is === 'empty') {
        await this.store.begin(this.#known?.id ?? newNonce());
        this.#again = true;
        return;
      }
      if (consistency.is === 'newer') await this.#take();
      this.#become('current', undefined);
    } catch (error) {
      const state = error instanceof FleetError ? 'lost' : 'unreachable';
      if (!this.#isClosed) this.#become(state, describeError(error));
    }
  }

  async #take(): Promise<void> {
    const { marker, members } = await this.store.read();
    // Emptied between the two reads: the next look finds out.
    if (marker === undefined || marker.count !== members.length) {
      this.#again = true;
      return;
    }
    this.#known = { id: marker.id, generation: marker.generation, members };
    this.#options.file.write(this.#known);
    for (const listener of this.#listeners) listener(members);
  }

  #become(state: RegistryStatus['state'], why: string | undefined): void {
    const { clock } = this.#options;
    const before = this.#status;
    this.#status = { state, why, since: before.state === state ? before.since : clock.now() };
    if (before.state !== state) this.#log();
    const now = clock.monotonic();
    if (state !== 'unreachable') this.#lastContact = now;
    // Again and again: a dead connection can look like a slow one.
    else if (now - this.#lastContact > STALE_MS && !this.#isClosed) {
      this.#lastContact = now;
      this.store.reconnect();
    }
  }

  #log(): void {
    const { logger, url } = this.#options;
    const { state, why } = this.#status;
    const nodes = this.members().length;
    const about = { registry: url, nodes, why };
    if (state === 'current')
      logger.info({ registry: url, nodes }, 'the registry can be reached and is trusted');
    else if (state === 'unreachable')
      logger.error(about, 'the registry cannot be reached; going on with the nodes last known');
    else
      logger.error(
        {
          ...about,
          remedy: 'tmpfleet registry restore --force writes it again, accept --force takes it over',
        },
        `${describeLostRegistry(nodes)}. Run \`tmpfleet registry show\``,
      );
  }
}
