// The registry as a JSON file that is read again when it changes on disk, by an editor for example.
import { dirname, join } from 'node:path';
import { AuditFile } from '../../shared/audit/audit-file.ts';
import type { Clock } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { type Member, normalizeNodeUrl } from '../../shared/protocol/wire.ts';
import { type FileContent, NodesFile } from './nodes-file.ts';
import type {
  Membership,
  MembersListener,
  OwnedRegistry,
  RegistryRecovery,
  RegistryStatus,
} from './registry.ts';

/**
 * How often the file is looked at, ms: more reliable than file-system events, which editors and network mounts defeat,
 * and than `fs.watchFile`, which misses an edit made before its own first look.
 */
const WATCH_MS = 500;

export interface FileRegistryOptions {
  /** In a directory that exists. */
  readonly path: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** @throws FleetError `registry-unreadable` when there is a file that is no list of nodes: an empty fleet would be a guess */
export function openFileRegistry(options: FileRegistryOptions): OwnedRegistry {
  const registry = new FileRegistry(options);
  return {
    membership: registry,
    recovery: registry,
    audit: new AuditFile(join(dirname(options.path), 'audit.jsonl'), options.logger),
    close: async () => registry.close(),
  };
}

class FileRegistry implements Membership, RegistryRecovery {
  readonly #file: NodesFile;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #timer: NodeJS.Timeout;
  #members: readonly Member[];
  #listeners: MembersListener[] = [];
  #status: Pick<RegistryStatus, 'state' | 'since' | 'why'>;

  constructor({ path, logger, clock }: FileRegistryOptions) {
    this.#file = new NodesFile(path);
    this.#logger = logger;
    this.#clock = clock;
    this.#status = { state: 'current', since: clock.now(), why: undefined };
    this.#members = readAtStart(this.#file);
    this.#timer = setInterval(() => this.#look(), WATCH_MS).unref();
  }

  members(): readonly Member[] {
    return this.#members;
  }

  async add(member: Member): Promise<void> {
    const file = this.#readBeforeOrder();
    const url = normalizeNodeUrl(member.url);
    const there = this.#members.find((other) => other.id === member.id || other.url === url);
    if (there !== undefined) {
      throw new FleetError('already-exists', `node ${there.id} at ${there.url} is there already`, {
        remedy: 'remove it first, or give another id',
      });
    }
    this.#write([...this.#members, { id: member.id, url }], file);
  }

  async remove(id: string): Promise<boolean> {
    const file = this.#readBeforeOrder();
    const rest = this.#members.filter((member) => member.id !== id);
    if (rest.length === this.#members.length) return false;
    this.#write(rest, file);
    return true;
  }

  watch(onChange: MembersListener): void {
    this.#listeners.push(onChange);
  }

  status(): RegistryStatus {
    return { kind: 'file', where: this.#file.path, ...this.#status };
  }

  async accept(): Promise<void> {
    if (this.#readLost().is === 'corrupt') {
      throw new FleetError('conflict', `the registry cannot be taken over: ${this.#status.why}`, {
        remedy: `mend ${this.#file.path}, or write it again: tmpfleet registry restore --force`,
      });
    }
    this.#write([], { is: 'missing' });
  }

  async restore(): Promise<void> {
    this.#write(this.#members, this.#readLost());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners = [];
  }

  /** Takes over a change on disk. A file that is gone or corrupt is logged once, and the last known list stays. */
  #look(): void {
    if (!this.#file.hasChanged()) return;
    try {
      this.#take(this.#file.read());
    } catch (error) {
      this.#lose(describeError(error));
    }
  }

  /**
   * An edit just before an order must not be overwritten. A corrupt file is no obstacle: the order writes it whole again.
   * @throws FleetError `conflict` when the file is gone or cannot be read
   */
  #readBeforeOrder(): FileContent {
    const content = this.#readNow();
    this.#take(content);
    if (content.is === 'missing' && this.#status.state === 'lost') {
      throw new FleetError('conflict', `the registry cannot be changed now: ${this.#status.why}`, {
        remedy:
          'write it again: tmpfleet registry restore --force; or forget every node: tmpfleet registry accept --force',
      });
    }
    return content;
  }

  /** @throws FleetError `conflict` when nothing was lost */
  #readLost(): FileContent {
    // Now, and not at the next look: the file may have been mended a moment ago.
    this.#look();
    if (this.#status.state === 'current') {
      throw new FleetError(
        'conflict',
        'there is nothing to decide about the registry: it is as it is known here',
      );
    }
    return this.#readNow();
  }

  /** @throws FleetError `conflict` when there is a file that cannot be read */
  #readNow(): FileContent {
    try {
      return this.#file.read();
    } catch (cause) {
      throw new FleetError('conflict', `the registry cannot be read: ${describeError(cause)}`, {
        cause,
        remedy: `make ${this.#file.path} readable for this user`,
      });
    }
  }

  /** @param before what the file holds now @throws FleetError `registry-unreadable` when it cannot be written */
  #write(members: readonly Member[], before: FileContent): void {
    try {
      if (before.is === 'corrupt') {
        const copy = this.#file.keepCorrupt(this.#clock.now());
        this.#logger.warn({ copy }, 'the corrupt registry is kept beside the new one');
      }
      this.#file.write(members);
    } catch (cause) {
      throw new FleetError('registry-unreadable', `the registry cannot be written: ${describeError(cause)}`, {
        cause,
      });
    }
    this.#become('current', undefined);
    this.#set(members);
  }

  #take(content: FileContent): void {
    if (content.is === 'nodes') {
      this.#become('current', undefined);
      if (!content.isNew) return;
      this.#logger.info({ nodes: content.members.length }, 'the registry changed on disk');
      this.#set(content.members);
    } else if (content.is === 'corrupt') this.#lose(content.why);
    // Missing since the start is an empty fleet. Later it is an accident, not an order to forget every node.
    else if (this.#file.wasThere) this.#lose('the file is gone');
  }

  #lose(why: string): void {
    if (this.#status.why === why) return;
    this.#become('lost', why);
    this.#logger.error(
      { registry: this.#file.path, why, nodes: this.#members.length },
      'the registry on disk cannot be used; going on with the nodes last known',
    );
  }

  #become(state: RegistryStatus['state'], why: string | undefined): void {
    const since = this.#status.state === state ? this.#status.since : this.#clock.now();
    this.#status = { state, since, why };
  }

  #set(members: readonly Member[]): void {
    this.#members = members;
    for (const listener of this.#listeners) listener(members);
  }
}

function readAtStart(file: NodesFile): readonly Member[] {
  try {
    const content = file.read();
    if (content.is === 'corrupt') throw new FleetError('registry-unreadable', content.why);
    return content.is === 'nodes' ? content.members : [];
  } catch (cause) {
    const what = `the registry ${JSON.stringify(file.path)} cannot be read: ${describeError(cause)}`;
    throw new FleetError('registry-unreadable', what, { cause, remedy: 'mend or remove that file' });
  }
}
