// The files in memory: by what their sandboxes are made from, then by address. The ones not used for longest go first.
import { LRUCache } from 'lru-cache';
import type { Sandbox } from '../sandboxes/table.ts';
import type { StaticAddress } from './address.ts';
import type { Kept } from './keepable.ts';

/** A file in memory. */
export interface Entry extends Pick<Kept, 'headers' | 'body'> {
  /** When it was learnt, ms of a monotonic clock. */
  readonly learntAt: number;
  /** It is not used after this time, ms of the same clock. */
  readonly until: number;
  /** Whether it may be sent in another coding: then every answer says that it depends on what the reader accepts. */
  readonly isCompressible: boolean;
  /** The codings that are ready. */
  gzip?: Buffer;
  br?: Buffer;
}

/** What an entry costs besides its bytes. */
const OVERHEAD_BYTES = 1024;

/** Everything a sandbox is made from: two with the same name have the same files until a reader changes them. */
export function madeFrom({ image, recipe }: Pick<Sandbox, 'image' | 'recipe'>): string {
  return `${image}\n${recipe}`;
}

export class StaticStore {
  readonly #entries: LRUCache<string, Entry>;
  readonly #now: () => number;

  /** @param maxBytes of all entries, in all codings @param now a monotonic clock, ms */
  constructor(maxBytes: number, now: () => number) {
    this.#now = now;
    this.#entries = new LRUCache({ maxSize: maxBytes, sizeCalculation: sizeOf });
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get count(): number {
    return this.#entries.size;
  }

  get(origin: string, { key }: Pick<StaticAddress, 'key'>): Entry | undefined {
    const name = nameOf(origin, key);
    const entry = this.#entries.get(name);
    if (entry === undefined || this.#now() < entry.until) return entry;
    this.#entries.delete(name);
    return undefined;
  }

  add(origin: string, { key }: Pick<StaticAddress, 'key'>, entry: Entry): void {
    this.#entries.set(nameOf(origin, key), entry);
  }

  /** Counts an entry again, which has another coding now; false when it is not there any more. */
  measureAgain(origin: string, { key }: Pick<StaticAddress, 'key'>, entry: Entry): boolean {
    const name = nameOf(origin, key);
    if (this.#entries.peek(name) !== entry) return false;
    // The same value would keep its old size.
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return true;
  }

  /** Drops what no sandbox is made from any more. */
  keepOnly(origins: { has(origin: string): boolean }): void {
    for (const name of [...this.#entries.keys()]) {
      if (!origins.has(name.slice(0, name.lastIndexOf('\n')))) this.#entries.delete(name);
    }
  }
}

/** No key contains a line feed. */
function nameOf(origin: string, key: string): string {
  return `${origin}\n${key}`;
}

function sizeOf({ body, gzip, br }: Entry): number {
  return body.length + (gzip?.length ?? 0) + (br?.length ?? 0) + OVERHEAD_BYTES;
}

/** The value of an entry's header. */
export function findHeader(headers: readonly string[], name: string): string | undefined {
  const index = headers.findIndex((part, at) => at % 2 === 0 && part === name);
  return index < 0 ? undefined : headers[index + 1];
}
