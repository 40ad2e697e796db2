// The cookies of sandboxes. All sandboxes share an origin, so a browser sends what others set too: ours, another
// sandbox's, the publisher's. A sandbox is sent only cookies whose names it has set itself.
import type { Journal } from '../sandboxes/claim-journal.ts';
import type { SandboxTable } from '../sandboxes/table.ts';

/** Most cookie names of one sandbox; browsers keep about as many of a host. */
const MAX_NAMES = 64;
const MAX_NAME_LENGTH = 256;
const NONE: ReadonlySet<string> = new Set();

/** For the proxy; see `CookieNames` in proxy/types.ts. */
export class SandboxCookies {
  readonly #table: SandboxTable;
  readonly #journal: Journal;

  constructor(table: SandboxTable, journal: Journal) {
    this.#table = table;
    this.#journal = journal;
  }

  /** The names that the sandbox has set. */
  readonly names = (id: string): ReadonlySet<string> => this.#table.get(id)?.cookies ?? NONE;

  /** Remembers a name that the sandbox sets, on disk too; false when the sandbox has too many. */
  readonly learn = (id: string, name: string): boolean => {
    const cookies = this.#table.get(id)?.cookies;
    if (cookies === undefined || name.length > MAX_NAME_LENGTH) return false;
    if (cookies.has(name)) return true;
    if (cookies.size >= MAX_NAMES) return false;
    cookies.add(name);
    this.#journal.cookies(id, [...cookies]);
    return true;
  };
}
