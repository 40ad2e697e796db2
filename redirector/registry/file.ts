// The registry as a JSON file: written atomically, read again when it changes on disk (an editor's doing, say).
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { type Member, memberSchema, normalizeNodeUrl, parseJson } from '../../shared/protocol/wire.ts';
import { type AuditEntry, AuditFile } from './audit.ts';
import type { KeptRegistry, RegistryStatus } from './registry.ts';

const fileSchema = z.object({ nodes: z.array(memberSchema) });

/**
 * How often the file is looked at, ms: surer than file-system events, which editors and mounts defeat, and than
 * `fs.watchFile`, which misses an edit made before its own first look.
 */
const WATCH_MS = 500;
const current = (since: number) => ({ state: 'current', since, why: undefined }) as const;

export class FileRegistry implements KeptRegistry {
  readonly #path: string;
  readonly #logger: Logger;
  #members: readonly Member[];
  #listeners: ((members: readonly Member[]) => void)[] = [];
  #text = '';
  /** Of the file as it was last read, whatever came of that: one complaint for one fault. */
  #version = '';
  readonly #timer: NodeJS.Timeout;
  readonly #audit: AuditFile;
  #status: Pick<RegistryStatus, 'state' | 'since' | 'why'> = current(Date.now());

  /** @throws FleetError `registry-unreadable` when there is a file that cannot be understood: guessing would lose nodes */
  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#audit = new AuditFile(join(dirname(path), 'audit.jsonl'), logger);
    try {
      this.#members = this.#read();
    } catch (cause) {
      throw new FleetError(
        'registry-unreadable',
        `the registry ${JSON.stringify(path)} cannot be read: ${describeError(cause)}`,
        {
          cause,
          remedy: 'mend or remove that file',
        },
      );
    }
    this.#timer = setInterval(() => this.#look(), WATCH_MS).unref();
  }

  members(): readonly Member[] {
    return this.#members;
  }

  async add(member: Member): Promise<void> {
    this.#heedEdits();
    const url = normalizeNodeUrl(member.url);
    const there = this.#members.find((other) => other.id === member.id || other.url === url);
    if (there !== undefined) {
      throw new FleetError('already-exists', `node ${there.id} at ${there.url} is there already`, {
        remedy: 'remove it first, or give another id',
      });
    }
    await this.#write([...this.#members, { id: member.id, url }]);
  }

  async remove(id: string): Promise<boolean> {
    this.#heedEdits();
    const rest = this.#members.filter((member) => member.id !== id);
    if (rest.length === this.#members.length) return false;
    await this.#write(rest);
    return true;
  }

  watch(onChange: (members: readonly Member[]) => void): void {
    this.#listeners.push(onChange);
  }

  status(): RegistryStatus {
    return { kind: 'file', where: this.#path, ...this.#status };
  }

  async accept(): Promise<void> {
    this.#refuseUnlessLost();
    if (versionOf(this.#path) !== '') {
      // There is a file that says nothing: to obey it would be to guess.
      throw new FleetError('conflict', `the registry cannot be obeyed: ${this.#status.why}`, {
        remedy: `mend ${this.#path}, or write it anew: tmpfleet registry restore --force`,
      });
    }
    await this.#write([]);
  }

  async restore(): Promise<void> {
    this.#refuseUnlessLost();
    await this.#write(this.#members);
  }

  note(entry: AuditEntry): Promise<void> {
    return this.#audit.note(entry);
  }

  audit(limit: number): Promise<readonly AuditEntry[]> {
    return this.#audit.list(limit);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#listeners = [];
  }

  #refuseUnlessLost(): void {
    if (this.#status.state === 'lost') return;
    throw new FleetError(
      'conflict',
      'there is nothing to decide about the registry: it is as it is known here',
    );
  }

  /** Synchronous, so that two changes at once cannot write each other away. */
  async #write(members: readonly Member[]): Promise<void> {
    const text = `${JSON.stringify({ nodes: members }, undefined, 2)}\n`;
    try {
      writeFileAtomic.sync(this.#path, text, { mode: 0o600 });
    } catch (cause) {
      throw new FleetError('registry-unreadable', `the registry cannot be written: ${describeError(cause)}`, {
        cause,
      });
    }
    this.#text = text;
    this.#version = versionOf(this.#path);
    this.#take(members);
  }

  #look(): void {
    if (versionOf(this.#path) === this.#version) return;
    const before = this.#text;
    try {
      const members = this.#read();
      this.#mended();
      if (this.#text === before) return;
      this.#logger.info({ nodes: members.length }, 'the registry changed on disk');
      this.#take(members);
    } catch (error) {
      // A half-saved file, or a slip of the hand: readers must not pay for it.
      if (this.#status.state === 'current')
        this.#status = { state: 'lost', since: Date.now(), why: describeError(error) };
      this.#logger.error(
        { error: describeError(error) },
        'the registry on disk cannot be read; going on with what it said before',
      );
    }
  }

  /** An edit of the last moment must not be written over, a broken one not be thrown away. @throws FleetError `conflict` */
  #heedEdits(): void {
    const before = this.#text;
    try {
      const members = this.#read();
      if (this.#text !== before) this.#take(members);
    } catch (cause) {
      throw new FleetError(
        'conflict',
        `the registry was edited and cannot be read: ${describeError(cause)}`,
        {
          cause,
          remedy: `mend ${this.#path} first`,
        },
      );
    }
  }

  #mended(): void {
    if (this.#status.state !== 'current') this.#status = current(Date.now());
  }

  #take(members: readonly Member[]): void {
    this.#mended();
    this.#members = members;
    for (const listener of this.#listeners) listener(members);
  }

  #read(): readonly Member[] {
    this.#version = versionOf(this.#path);
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      // Not there yet. Once it was, its absence is an accident to be told, not an order to forget every node.
      if (this.#text !== '') throw new FleetError('registry-unreadable', 'the file is gone');
      return [];
    }
    const { nodes } = parseJson(text, fileSchema, 'the registry');
    const members = nodes.map(({ id, url }) => ({ id, url: normalizeNodeUrl(url) }));
    for (const field of ['id', 'url'] as const) {
      const twice = members.find(
        (member, index) => members.findIndex((other) => other[field] === member[field]) !== index,
      );
      if (twice !== undefined)
        throw new FleetError('registry-unreadable', `${field} ${twice[field]} is there twice`);
    }
    this.#text = text;
    return members;
  }
}

/** Changes whenever the file does; empty while there is none. */
function versionOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? '' : `${stat.ino}/${stat.mtimeNs}/${stat.size}`;
}
