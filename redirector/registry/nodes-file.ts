// `nodes.json`: reads it, detects changes on disk, writes it atomically, and keeps a copy of a corrupt one.
import { copyFileSync, statSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { errorCode, FleetError } from '../../shared/errors.ts';
import { readOperatorFile } from '../../shared/operator-file.ts';
import { type Member, memberSchema, normalizeNodeUrl, parseJson } from '../../shared/protocol/wire.ts';

/** A fleet of a hundred thousand nodes. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;

const fileSchema = z.object({ nodes: z.array(memberSchema) });

/** What is on disk. `why` says what is wrong with a corrupt file. */
export type FileContent =
  | { readonly is: 'nodes'; readonly members: readonly Member[]; readonly isNew: boolean }
  | { readonly is: 'missing' }
  | { readonly is: 'corrupt'; readonly why: string };

export class NodesFile {
  readonly path: string;
  /** As it was last read as nodes, or written. */
  #text = '';
  /** Of the file as it was last looked at, whatever was in it. */
  #version = '';

  constructor(path: string) {
    this.path = path;
  }

  /** Whether it was ever read or written as a list of nodes. */
  get wasThere(): boolean {
    return this.#text !== '';
  }

  /** Whether the file on disk is another than the one last read or written. */
  hasChanged(): boolean {
    return versionOf(this.path) !== this.#version;
  }

  /** @throws Error of the file system, when there is a file that cannot be read */
  read(): FileContent {
    this.#version = versionOf(this.path);
    let text: string;
    try {
      text = readOperatorFile(this.path, MAX_FILE_BYTES).toString();
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      return { is: 'missing' };
    }
    try {
      const members = parseMembers(text);
      const isNew = text !== this.#text;
      this.#text = text;
      return { is: 'nodes', members, isNew };
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      return { is: 'corrupt', why: error.message };
    }
  }

  /** Synchronous, so that two changes at once cannot overwrite each other. @throws Error of the file system */
  write(members: readonly Member[]): void {
    const text = `${JSON.stringify({ nodes: members }, undefined, 2)}\n`;
    writeFileAtomic.sync(this.path, text, { mode: 0o600 });
    this.#text = text;
    this.#version = versionOf(this.path);
  }

  /**
   * Keeps a copy of a corrupt file beside it. A copy, not a new name: a crash before the next `write` must not leave a
   * start without any file, which would be an empty fleet.
   * @param now ms since 1970
   * @returns the path of the copy
   * @throws Error of the file system
   */
  keepCorrupt(now: number): string {
    const time = new Date(now).toISOString().replaceAll(':', '');
    const copy = `${this.path}.corrupt-${time}`;
    copyFileSync(this.path, copy);
    return copy;
  }
}

/** @throws FleetError when the text is no list of nodes, or has an id or address twice */
function parseMembers(text: string): readonly Member[] {
  const { nodes } = parseJson(text, fileSchema, 'the registry');
  const members = nodes.map(({ id, url }) => ({ id, url: normalizeNodeUrl(url) }));
  for (const field of ['id', 'url'] as const) {
    const seen = new Set<string>();
    for (const member of members) {
      if (seen.has(member[field]))
        throw new FleetError('registry-unreadable', `${field} ${member[field]} is there twice`);
      seen.add(member[field]);
    }
  }
  return members;
}

/** Changes whenever the file does; empty while there is none. */
function versionOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? '' : `${stat.ino}/${stat.mtimeNs}/${stat.size}`;
}
